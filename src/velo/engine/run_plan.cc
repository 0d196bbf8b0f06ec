#include <fmt/format.h>

#include <utility>

#include "velo/base/clock.h"
#include "velo/columnar/schema_text.h"
#include "velo/engine/dead_letters.h"
#include "velo/engine/memory_shares.h"
#include "velo/engine/pipeline_run.h"
#include "velo/engine/run_checks.h"
#include "velo/pipeline.h"

namespace velo {
namespace {

std::string_view why_of(CommitKind kind) {
  switch (kind) {
    case CommitKind::kDurable:
      return "the position is kept in the sink, and one step decides on it and the rows";
    case CommitKind::kSession:
      return "the position is kept in the sink, in the transaction of the rows";
    default:
      return "the position is kept beside the rows, which are counted against it after "
             "a failure";
  }
}

std::string why_of(DataSource& source, DataSink& sink, const Promise& promise) {
  TransactionalSink* transactions = sink.transactions();
  if (transactions && source.splits()) {
    return std::string(why_of(transactions->commit_kind()));
  }
  const std::string at_its_end =
      "all rows appear at once, at the end, and a run that fails leaves none";
  if (transactions) return at_its_end + ": this source is read as a whole";
  if (promise.guarantee == Guarantee::kExactlyOnce) return at_its_end;
  return promise.reason.empty()
             ? "this sink keeps no position: each run starts anew, and one that fails "
               "leaves what it has written"
             : promise.reason;
}

std::string counted(int64_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string where_it_begins(const CommitRecord& record, bool reads_whole,
                            const ReadRange& range) {
  const bool has_begun =
      record.finished || record.num_rows > 0 || !record.positions.empty();
  if (!has_begun && !range.from.empty()) return "at " + range.from;
  if (!has_begun) return "at the beginning of the source";
  if (reads_whole) {
    return record.finished ? "nowhere: it was loaded before" : "at the beginning again";
  }
  return fmt::format(
      "after {} of {}, committed up to epoch {}", counted(record.num_rows, "row"),
      counted(static_cast<int64_t>(record.positions.size()), "split"), record.epoch);
}

// The first column that the sink refuses.
Status refusal_of(const SinkPlan& plan) {
  for (const PlannedColumn& column : plan.columns) {
    if (column.refusal.empty()) continue;
    return make_error(ErrorKind::kSchemaMismatch, {}, column.refusal);
  }
  return Status::OK();
}

// Before its first run it is not known what its second record is called.
Status plan_bad_records(DataSink& sink, const PipelineIdentity& pipeline,
                        const CommitRecord& record, bool commits_once,
                        const std::stop_token& stop, PlannedBadRecords& plan) {
  plan.sink = sink.transactions()->identity();
  const PipelineIdentity second =
      record.incarnation.empty()
          ? PipelineIdentity{.id = pipeline.id + "_…_dead"}
          : engine::identity_of({pipeline, engine::life_of(record, commits_once), {}});
  ARROW_ASSIGN_OR_RAISE(plan.plan, sink.plan(*dead_letter_schema(), second, stop));
  return refusal_of(plan.plan);
}

// What the sink says of the rows, and which obstacles there are to it.
Status plan_rows(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                 const RunOptions& options, const std::stop_token& stop, RunPlan& plan) {
  ARROW_ASSIGN_OR_RAISE(auto schema, engine::schema_of_rows(source, options));
  if (sink.transactions() && options.on_schema_change != OnSchemaChange::kFail) {
    ARROW_ASSIGN_OR_RAISE(
        schema, engine::followed_schema(source, *sink.transactions(), pipeline, options,
                                        schema, stop));
  }
  ARROW_ASSIGN_OR_RAISE(plan.sink, sink.plan(*schema, pipeline, stop));
  for (size_t i = 0; i < plan.sink.columns.size(); ++i) {
    plan.sink.columns[i].type = type_name(*schema->field(static_cast<int>(i))->type());
  }
  ARROW_RETURN_NOT_OK(refusal_of(plan.sink));
  ARROW_RETURN_NOT_OK(sink.validate_schema(*schema));
  plan.bad_records.action = options.on_error;
  TransactionalSink* transactions = sink.transactions();
  if (!transactions) return Status::OK();
  engine::Retries none(steady_clock(), std::chrono::milliseconds(0), {});
  engine::PipelineRun run(source, *transactions, pipeline, options, none);
  ARROW_ASSIGN_OR_RAISE(const CommitRecord record, run.look(schema, stop));
  ARROW_ASSIGN_OR_RAISE(plan.one_lane, run.why_one_lane());
  plan.begins = where_it_begins(record, source.splits() == nullptr, options.range);
  if (SplitSource* splits = source.splits()) {
    plan.keeps = splits->kept_for(
        record.incarnation.empty() ? pipeline.id : reader_of(pipeline, record));
  }
  if (options.on_error != OnError::kKeep) return Status::OK();
  CommitObserver nobody;
  ARROW_ASSIGN_OR_RAISE(const auto committer,
                        transactions->create_committer(pipeline, nobody));
  return plan_bad_records(*options.dead_letters, pipeline, record,
                          committer->commits_once(), stop, plan.bad_records);
}

// Whether it is the answer to a question that was asked, and none that could not be.
bool is_obstacle(const Status& status) {
  switch (kind_of(status)) {
    case ErrorKind::kTransient:
    case ErrorKind::kThrottled:
    case ErrorKind::kUnauthenticated:
    case ErrorKind::kCancelled:
    case ErrorKind::kSystem:
    case ErrorKind::kInternal:
      return false;
    default:
      return true;
  }
}

}  // namespace

Result<RunPlan> plan_run(DataSource& source, DataSink& sink,
                         const PipelineIdentity& pipeline, const RunOptions& given,
                         std::stop_token stop) {
  if (given.limit) {
    RunOptions options = given;
    const auto first_rows = engine::take_limit(source, options);
    return plan_run(*first_rows, sink, pipeline, options, std::move(stop));
  }
  RunPlan plan{.begins = "at the beginning of the source"};
  const auto find_out = [&]() -> Status {
    ARROW_RETURN_NOT_OK(engine::set_range(source, given));
    ARROW_ASSIGN_OR_RAISE(const RunOptions options, engine::options_for(source, given));
    ARROW_ASSIGN_OR_RAISE(const Promise promise, sink.promise(options.guarantee));
    plan.guarantee = promise.guarantee;
    plan.why = why_of(source, sink, promise);
    ARROW_RETURN_NOT_OK(engine::check_ends(source, sink, promise, options));
    ARROW_RETURN_NOT_OK(engine::prepare_for_schema_changes(sink, options));
    ARROW_RETURN_NOT_OK(engine::MemoryShares::of(options, 1));
    ARROW_RETURN_NOT_OK(
        engine::prepare_for_bad_records(source, sink.transactions(), options));
    return plan_rows(source, sink, pipeline, options, stop, plan);
  };
  plan.obstacle = find_out();
  if (plan.obstacle.ok() || is_obstacle(plan.obstacle)) return plan;
  return plan.obstacle;
}

}  // namespace velo
