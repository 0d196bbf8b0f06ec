#include "velo/connectors/clickhouse/committer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/stop_scope.h"
#include "velo/connectors/clickhouse/epoch_writer.h"
#include "velo/connectors/clickhouse/record_table.h"
#include "velo/connectors/clickhouse/target_table.h"

namespace velo::clickhouse {
namespace {

class ClickhouseCommitter : public Committer {
 public:
  ClickhouseCommitter(const ClickhouseOptions& options, const PipelineIdentity& pipeline,
                      CommitObserver& observer, std::unique_ptr<Client> client)
      : options_(options),
        observer_(observer),
        records_(options_, pipeline.id),
        client_(std::move(client)) {}

  Result<CommitRecord> look(std::stop_token stop) override {
    const StopScope scope(*client_, std::move(stop));
    ARROW_ASSIGN_OR_RAISE(const TargetTable target, find_target(*client_, options_));
    return records_.look(*client_, target.exists);
  }

  Result<CommitRecord> read_record(std::stop_token stop) override {
    const StopScope scope(*client_, std::move(stop));
    return records_.read_past_loss(*client_);
  }

  Result<CommitRecord> recover(std::stop_token stop) override {
    const StopScope scope(*client_, std::move(stop));
    ARROW_ASSIGN_OR_RAISE(TargetTable target, find_target(*client_, options_));
    has_target_ = target.exists;
    if (target.exists && !target.has_marks) {
      ARROW_RETURN_NOT_OK(add_marks(*client_, options_));
    }
    ARROW_RETURN_NOT_OK(records_.create(*client_));
    ARROW_ASSIGN_OR_RAISE(hold_, records_.take_fence(*client_, hold_.incarnation));
    observer_.reached(CommitStep::kInRecover);
    ARROW_ASSIGN_OR_RAISE(CommitRecord record,
                          records_.read(*client_, hold_, has_target_));
    num_rows_ = record.num_rows;
    return record;
  }

  bool commits_once() const override { return false; }

  Result<std::unique_ptr<EpochWriter>> create_writer(
      int lane, const std::shared_ptr<arrow::Schema>& schema,
      std::stop_token stop) override {
    const StopScope scope(*client_, std::move(stop));
    ARROW_ASSIGN_OR_RAISE(TargetTable target, find_target(*client_, options_));
    if (!target.exists) {
      ARROW_RETURN_NOT_OK(
          create_target(*client_, options_, *schema, /*with_marks=*/true));
      ARROW_ASSIGN_OR_RAISE(target, find_target(*client_, options_));
    }
    has_target_ = true;
    ARROW_ASSIGN_OR_RAISE(const auto columns, columns_for(target, options_, *schema));
    return make_epoch_writer(
        {.options = options_, .records = records_, .hold = hold_, .observer = observer_},
        lane, *schema, columns, target.server_zone);
  }

  Status commit(const CommitRecord& record,
                std::span<const CommitToken> tokens) override {
    if (std::ranges::any_of(
            tokens, [](const CommitToken& token) { return token.bytes == kUncertain; })) {
      ARROW_RETURN_NOT_OK(count(record));
    }
    ARROW_RETURN_NOT_OK(
        records_.write_done(*client_, hold_, record, num_rows_ + record.num_rows));
    num_rows_ += record.num_rows;
    return Status::OK();
  }

  Status forget() override { return records_.forget(*client_, hold_, has_target_); }

 private:
  Status count(const CommitRecord& record) {
    ARROW_ASSIGN_OR_RAISE(
        const int64_t num_rows,
        records_.count_rows(*client_, hold_, hold_.attempt(record.epoch)));
    if (num_rows == record.num_rows) return Status::OK();
    return make_error(
        ErrorKind::kCommitStateUnknown,
        {.connector = "clickhouse", .resource = options_.shown},
        fmt::format("the connection was lost when {} of {} rows of epoch {} "
                    "had arrived in {}; they are removed, and all are sent again, when "
                    "the pipeline goes on",
                    num_rows, record.num_rows, record.epoch, options_.table));
  }

  const ClickhouseOptions options_;
  CommitObserver& observer_;
  const RecordTable records_;
  const std::unique_ptr<Client> client_;
  Hold hold_;
  bool has_target_ = false;
  int64_t num_rows_ = 0;  // committed, by whomever
};

}  // namespace

Result<std::unique_ptr<Committer>> make_committer(const ClickhouseOptions& options,
                                                  const PipelineIdentity& pipeline,
                                                  CommitObserver& observer) {
  ARROW_ASSIGN_OR_RAISE(auto client, Client::make(options));
  return std::make_unique<ClickhouseCommitter>(options, pipeline, observer,
                                               std::move(client));
}

}  // namespace velo::clickhouse
