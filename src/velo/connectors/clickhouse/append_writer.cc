#include "velo/connectors/clickhouse/append_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "velo/base/random_id.h"
#include "velo/connectors/clickhouse/epoch_rows.h"
#include "velo/connectors/clickhouse/target_table.h"

namespace velo::clickhouse {
namespace {

constexpr int64_t kMostSendBytes = int64_t{16} << 20;
// Rows of a source that goes on are not kept for longer, once there are others.
constexpr std::chrono::seconds kSendEvery{10};

std::string random_token() { return "velo/" + random_id() + random_id(); }

class AppendWriter : public DataWriter {
 public:
  explicit AppendWriter(ClickhouseOptions options)
      : options_(std::move(options)),
        send_bytes_(std::min(kMostSendBytes, options_.writer_bytes / 4)),
        rows_(send_bytes_) {}

  Status write(const Batch& batch, std::stop_token stop) override {
    if (!encoder_) {
      ARROW_RETURN_NOT_OK(open(batch.rows->schema()));
    } else if (!batch.rows->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return make_error(ErrorKind::kSchemaMismatch, {.connector = "clickhouse"},
                        "a batch came with other columns than the first");
    }
    for (int64_t row = 0; row < batch.rows->num_rows(); row += options_.block_rows) {
      ARROW_RETURN_NOT_OK(
          encoder_->append(*batch.rows->Slice(row, options_.block_rows), rows_.bytes()));
      if (rows_.num_bytes() >= send_bytes_) ARROW_RETURN_NOT_OK(send(stop));
    }
    const bool is_due = std::chrono::steady_clock::now() - last_sent_ >= kSendEvery;
    return is_due && rows_.num_bytes() > 0 ? send(stop) : Status::OK();
  }

  Status finish() override {
    if (std::exchange(finished_, true)) return outcome_;
    if (rows_.num_bytes() > 0) outcome_ = send({});
    return outcome_;
  }

  void abort() noexcept override {
    if (std::exchange(finished_, true)) return;
    rows_.clear();
    outcome_ = make_error(ErrorKind::kCancelled, {}, "the writer was aborted");
  }

  int64_t bytes_written() const override { return bytes_sent_ + rows_.num_bytes(); }

 private:
  Status open(const std::shared_ptr<arrow::Schema>& schema) {
    ARROW_ASSIGN_OR_RAISE(client_, Client::make(options_));
    ARROW_ASSIGN_OR_RAISE(auto target, find_target(*client_, options_));
    if (!target.exists) {
      ARROW_RETURN_NOT_OK(
          create_target(*client_, options_, *schema, /*with_marks=*/false));
      ARROW_ASSIGN_OR_RAISE(target, find_target(*client_, options_));
    }
    ARROW_ASSIGN_OR_RAISE(const auto columns, columns_for(target, options_, *schema));
    std::vector<std::string> names;
    for (const TableColumn& column : columns) {
      names.push_back(quote_identifier(column.name));
    }
    statement_ = fmt::format("INSERT INTO {} ({}) FORMAT Native", options_.table_name(),
                             fmt::join(names, ", "));
    schema_ = schema;
    ARROW_ASSIGN_OR_RAISE(encoder_,
                          BlockEncoder::make(*schema, columns, target.server_zone));
    return Status::OK();
  }

  Status send(const std::stop_token& stop) {
    const auto body = rows_.body(nullptr);
    ARROW_RETURN_NOT_OK(client_->insert(
        {.sql = statement_,
         .settings = {{"async_insert", "0"},
                      // Equal rows are rows, and no repetition of those before.
                      {"insert_deduplication_token", random_token()},
                      {"max_partitions_per_insert_block", "0"}}},
        *body, stop));
    bytes_sent_ += rows_.num_bytes();
    rows_.clear();
    last_sent_ = std::chrono::steady_clock::now();
    return Status::OK();
  }

  const ClickhouseOptions options_;
  const int64_t send_bytes_;
  std::unique_ptr<Client> client_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<BlockEncoder> encoder_;
  std::string statement_;
  EpochRows rows_;
  int64_t bytes_sent_ = 0;
  std::chrono::steady_clock::time_point last_sent_ = std::chrono::steady_clock::now();
  bool finished_ = false;
  Status outcome_;  // of finish(), for those who call it again
};

}  // namespace

std::unique_ptr<DataWriter> make_append_writer(const ClickhouseOptions& options) {
  return std::make_unique<AppendWriter>(options);
}

}  // namespace velo::clickhouse
