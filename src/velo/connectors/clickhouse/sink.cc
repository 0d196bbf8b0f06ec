#include "velo/connectors/clickhouse/sink.h"

#include <fmt/format.h>

#include <utility>

#include "velo/connectors/clickhouse/append_writer.h"
#include "velo/connectors/clickhouse/check.h"
#include "velo/connectors/clickhouse/committer.h"
#include "velo/connectors/clickhouse/record_table.h"
#include "velo/connectors/clickhouse/target_table.h"

namespace velo::clickhouse {
namespace {

class ClickhouseSink : public DataSink, public TransactionalSink {
 public:
  explicit ClickhouseSink(ClickhouseOptions options) : options_(std::move(options)) {}

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Result<Promise> promise(std::optional<Guarantee> wanted) override {
    ARROW_ASSIGN_OR_RAISE(const auto client, Client::make(options_));
    client->set_stop(stop_);
    ARROW_ASSIGN_OR_RAISE(const TargetTable target, find_target(*client, options_));
    promise_ = {.guarantee = Guarantee::kAtLeastOnce, .reason = target.obstacle()};
    if (!promise_->reason.empty()) return *promise_;
    if (target.has_marks || wanted == Guarantee::kExactlyOnce ||
        (!target.exists && !wanted)) {
      promise_->guarantee = Guarantee::kExactlyOnce;
    } else if (target.exists && !wanted) {
      promise_->reason = fmt::format(
          "{} lacks two columns for more; guarantee = exactly_once adds them, "
          "{} and {}, which SELECT * does not show",
          options_.table_name(), kPipelineColumn, kAttemptColumn);
    }
    return *promise_;
  }

  void limit_memory(int64_t bytes_per_writer) override {
    options_.writer_bytes = bytes_per_writer;
  }

  Status validate_schema(const arrow::Schema& schema) override {
    ARROW_ASSIGN_OR_RAISE(const auto client, Client::make(options_));
    client->set_stop(stop_);
    ARROW_ASSIGN_OR_RAISE(const TargetTable target, find_target(*client, options_));
    return columns_for(target, options_, schema).status();
  }

  Result<std::unique_ptr<DataWriter>> create_writer(
      const WriteOptions& options) override {
    if (!promise_) ARROW_RETURN_NOT_OK(promise(std::nullopt).status());
    if (supports_transactions()) return write_epochs(*this, options);
    return make_append_writer(options_);
  }

  bool supports_transactions() const override {
    return !promise_ || promise_->guarantee == Guarantee::kExactlyOnce;
  }
  bool supports_upsert() const override { return false; }
  TransactionalSink* transactions() override {
    return supports_transactions() ? this : nullptr;
  }

  void check(CheckReport& report, std::stop_token stop) override {
    check_writing(options_, report, stop);
  }

  Result<SinkPlan> plan(const arrow::Schema& schema, const PipelineIdentity& pipeline,
                        std::stop_token stop) override {
    if (!promise_) ARROW_RETURN_NOT_OK(promise(std::nullopt).status());
    ARROW_ASSIGN_OR_RAISE(const auto client, Client::make(options_));
    client->set_stop(std::move(stop));
    ARROW_ASSIGN_OR_RAISE(const TargetTable target, find_target(*client, options_));
    const bool keeps_record = transactions() != nullptr;
    ARROW_ASSIGN_OR_RAISE(SinkPlan plan,
                          plan_target(target, options_, schema, keeps_record));
    if (!keeps_record) return plan;
    ARROW_ASSIGN_OR_RAISE(const auto missing,
                          RecordTable(options_, pipeline.id).missing_tables(*client));
    for (const std::string& table : missing) {
      plan.makes.push_back(fmt::format("table {}, for the record", table));
    }
    return plan;
  }

  CommitKind commit_kind() const override { return CommitKind::kCounted; }
  std::string identity() const override { return options_.identity; }

  Result<std::vector<std::string>> list_pipelines(const std::string& prefix,
                                                  std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(const auto client, Client::make(options_));
    client->set_stop(std::move(stop));
    return RecordTable::list(*client, options_, prefix);
  }

  Result<std::unique_ptr<Committer>> create_committer(const PipelineIdentity& pipeline,
                                                      CommitObserver& observer) override {
    return make_committer(options_, pipeline, observer);
  }

 private:
  ClickhouseOptions options_;
  std::stop_token stop_;
  std::optional<Promise> promise_;  // nullopt: not asked for yet
};

}  // namespace

std::unique_ptr<DataSink> make_clickhouse_sink(ClickhouseOptions options) {
  return std::make_unique<ClickhouseSink>(std::move(options));
}

}  // namespace velo::clickhouse
