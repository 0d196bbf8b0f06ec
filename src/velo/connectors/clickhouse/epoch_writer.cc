#include "velo/connectors/clickhouse/epoch_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "velo/connectors/clickhouse/epoch_rows.h"

namespace velo::clickhouse {
namespace {

class ClickhouseEpochWriter : public EpochWriter {
 public:
  ClickhouseEpochWriter(const LaneContext& context, int lane,
                        std::vector<TableColumn> columns,
                        std::unique_ptr<BlockEncoder> encoder,
                        std::unique_ptr<Client> client)
      : context_(context),
        lane_(lane),
        columns_(std::move(columns)),
        encoder_(std::move(encoder)),
        client_(std::move(client)),
        rows_(context.options.writer_bytes / 2) {}

  Status write(const Batch& batch, std::stop_token) override {
    for (int64_t row = 0; row < batch.rows->num_rows();
         row += context_.options.block_rows) {
      ARROW_RETURN_NOT_OK(encoder_->append(
          *batch.rows->Slice(row, context_.options.block_rows), rows_.bytes()));
      ARROW_RETURN_NOT_OK(rows_.settle());
    }
    return Status::OK();
  }

  Result<CommitToken> prepare(const CommitRecord& record) override {
    if (lane_ == 0) {
      ARROW_RETURN_NOT_OK(context_.records.write_intent(*client_, context_.hold, record));
      context_.observer.reached(CommitStep::kAfterPublish);
    }
    CommitToken token;
    if (rows_.num_bytes() > 0) {
      ARROW_ASSIGN_OR_RAISE(token, send(record.epoch));
    }
    bytes_sent_ += rows_.num_bytes();
    rows_.clear();
    return token;
  }

  int64_t bytes_written() const override { return bytes_sent_ + rows_.num_bytes(); }

 private:
  Result<CommitToken> send(uint64_t epoch) {
    const std::string id =
        context_.records.query_id(context_.hold, epoch, std::to_string(lane_));
    const auto body =
        rows_.body([this] { context_.observer.reached(CommitStep::kBetweenCompletes); });
    const Status status = client_->insert(
        {.sql = statement(epoch), .settings = settings(epoch), .id = id}, *body);
    if (status.ok()) return CommitToken();
    if (is_fenced(status)) return context_.records.fenced(context_.hold);
    if (is_answer(status)) return status;
    // Without an answer the rows may be there, or on their way: they are to stand still
    // before the committer counts them.
    ARROW_ASSIGN_OR_RAISE(const auto other, Client::make(context_.options));
    const Status killed = context_.records.kill(*other, id);
    if (!killed.ok()) return status;
    return CommitToken{kUncertain};
  }

  std::string statement(uint64_t epoch) const {
    std::vector<std::string> names;
    std::vector<std::string> typed;
    for (const TableColumn& column : columns_) {
      names.push_back(quote_identifier(column.name));
      typed.push_back(names.back() + " " + column.type.name);
    }
    return fmt::format(
        "INSERT INTO {} ({}, {}, {}) SELECT {}, toUInt64({}), toUInt64({}) FROM "
        "input({}) "
        "WHERE {} FORMAT Native",
        context_.options.table_name(), fmt::join(names, ", "), kPipelineColumn,
        kAttemptColumn, fmt::join(names, ", "), context_.hold.mark,
        context_.hold.attempt(epoch),
        quote_literal(fmt::to_string(fmt::join(typed, ", "))),
        context_.records.guard(context_.hold));
  }

  http::Headers settings(uint64_t epoch) const {
    return {
        {"async_insert", "0"},
        {"insert_allow_materialized_columns", "1"},
        {"insert_deduplication_token", fmt::format("{}/{}/{}", context_.hold.mark,
                                                   context_.hold.attempt(epoch), lane_)},
        {"max_insert_threads", "1"},
        {"max_partitions_per_insert_block", "0"},
        {"max_query_size", "16777216"},
        // A lane that stands still in its rows is ended, so that who takes over need
        // not wait for longer.
        {"http_receive_timeout", "30"}};
  }

  const LaneContext context_;
  const int lane_;
  const std::vector<TableColumn> columns_;
  const std::unique_ptr<BlockEncoder> encoder_;
  const std::unique_ptr<Client> client_;
  EpochRows rows_;
  int64_t bytes_sent_ = 0;  // in earlier epochs
};

}  // namespace

Result<std::unique_ptr<EpochWriter>> make_epoch_writer(
    const LaneContext& context, int lane, const arrow::Schema& schema,
    const std::vector<TableColumn>& columns, const std::string& server_zone) {
  ARROW_ASSIGN_OR_RAISE(auto encoder, BlockEncoder::make(schema, columns, server_zone));
  ARROW_ASSIGN_OR_RAISE(auto client, Client::make(context.options));
  return std::make_unique<ClickhouseEpochWriter>(context, lane, columns,
                                                 std::move(encoder), std::move(client));
}

}  // namespace velo::clickhouse
