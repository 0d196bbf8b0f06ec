#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/clock.h"
#include "velo/engine/dead_letters.h"
#include "velo/engine/limited_source.h"
#include "velo/engine/memory_shares.h"
#include "velo/engine/pipeline_run.h"
#include "velo/engine/retrying_run.h"
#include "velo/engine/run_checks.h"
#include "velo/pipeline.h"

namespace velo {
namespace {

Result<std::shared_ptr<arrow::Schema>> select(const arrow::Schema& schema,
                                              const std::vector<std::string>& columns) {
  arrow::FieldVector fields;
  for (const std::string& name : columns) {
    const auto field = schema.GetFieldByName(name);
    if (!field) {
      return make_error(ErrorKind::kInvalidArgument, {},
                        fmt::format("the source has no column '{}', or several", name));
    }
    fields.push_back(field);
  }
  return arrow::schema(std::move(fields), schema.metadata());
}

Status no_more_than_at_least_once(const Promise& promise) {
  return make_error(
      ErrorKind::kInvalidArgument, {},
      fmt::format("guarantee = exactly_once: {}; guarantee = at_least_once lets it run",
                  promise.reason.empty()
                      ? "this sink keeps no record of what it has been given"
                      : promise.reason));
}

}  // namespace

namespace engine {

std::unique_ptr<DataSource> take_limit(DataSource& source, RunOptions& options) {
  const std::shared_ptr<DataSource> borrowed(std::shared_ptr<DataSource>(), &source);
  return limit_rows(borrowed, *std::exchange(options.limit, std::nullopt));
}

Result<RunOptions> options_for(const DataSource& source, const RunOptions& given) {
  RunOptions options = given;
  options.read.once = options.read.once || options.once;
  if (!options.read.once || source.supports_batch()) return options;
  return make_error(ErrorKind::kInvalidArgument, {},
                    "once = true: this source has no end, not even for now");
}

Status set_range(DataSource& source, const RunOptions& options) {
  return options.range.is_whole() ? Status::OK() : source.set_range(options.range);
}

int num_lanes_of(DataSource& source, const TransactionalSink* sink,
                 const RunOptions& options) {
  if (!sink) return 1;
  // One split is of one lane, and alone says whether all was committed.
  const bool is_one_split =
      sink->commit_kind() == CommitKind::kSession && !source.splits();
  const bool divides = sink->divides_by_key() && source.splits();
  const int most = divides ? options.num_lanes : sink->max_lanes();
  return std::clamp(options.num_lanes, 1, is_one_split ? 1 : most);
}

Status check_ends(const DataSource& source, DataSink& sink, const Promise& promise,
                  const RunOptions& options) {
  if (options.guarantee == Guarantee::kExactlyOnce &&
      promise.guarantee != Guarantee::kExactlyOnce) {
    return no_more_than_at_least_once(promise);
  }
  const bool goes_on = source.supports_streaming() && !options.read.once;
  if (!goes_on || sink.transactions() || !sink.supports_transactions()) {
    return Status::OK();
  }
  return make_error(ErrorKind::kInvalidArgument, {},
                    "this source goes on for ever, and the sink would show its rows at "
                    "its end: write into a directory (out/), or let it end where it is "
                    "now (--once, WITH (once = true))");
}

Status prepare_for_bad_records(DataSource& source, const TransactionalSink* sink,
                               const RunOptions& options) {
  if (options.on_error == OnError::kFail) return Status::OK();
  source.keep_bad_records();
  if (options.on_error == OnError::kSkip) return Status::OK();
  const char* problem = nullptr;
  if (!options.dead_letters) problem = "there is no sink for bad records";
  if (!sink) problem = "the sink for the rows keeps no record (a directory does)";
  if (!source.splits()) problem = "the source cannot be read again from a position";
  if (problem) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("on_error: {}, without which bad records cannot be "
                                  "kept once each; on_error = skip counts them",
                                  problem));
  }
  CommitObserver nobody;
  return DeadLetters::check(*options.dead_letters, nobody);
}

Status prepare_for_schema_changes(DataSink& sink, const RunOptions& options) {
  if (options.on_schema_change != OnSchemaChange::kEvolve) return Status::OK();
  if (!sink.supports_schema_change()) {
    return make_error(ErrorKind::kNotImplemented, {},
                      "on_schema_change = evolve does not work yet for this sink, whose "
                      "columns stay as they are; freeze and fail do. PostgreSQL, Kafka "
                      "and directories of files (out/) follow");
  }
  sink.allow_schema_change();
  return Status::OK();
}

Result<std::shared_ptr<arrow::Schema>> followed_schema(
    DataSource& source, TransactionalSink& sink, const PipelineIdentity& pipeline,
    const RunOptions& options, std::shared_ptr<arrow::Schema> schema,
    const std::stop_token& stop) {
  Retries none(steady_clock(), std::chrono::milliseconds(0), {});
  PipelineRun run(source, sink, pipeline, options, none);
  ARROW_RETURN_NOT_OK(run.look(std::move(schema), stop).status());
  return run.schema();
}

Result<std::shared_ptr<arrow::Schema>> schema_of_rows(DataSource& source,
                                                      const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto schema, source.fetch_schema());
  if (!options.read.columns) return schema;
  return select(*schema, *options.read.columns);
}

}  // namespace engine

Result<Progress> run(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                     const RunOptions& given, std::stop_token stop) {
  if (given.limit) {
    RunOptions options = given;
    const auto first_rows = engine::take_limit(source, options);
    return run(*first_rows, sink, pipeline, options, std::move(stop));
  }
  ARROW_RETURN_NOT_OK(engine::set_range(source, given));
  ARROW_ASSIGN_OR_RAISE(RunOptions options, engine::options_for(source, given));
  ARROW_ASSIGN_OR_RAISE(const Promise promise, sink.promise(options.guarantee));
  ARROW_RETURN_NOT_OK(engine::check_ends(source, sink, promise, options));
  ARROW_RETURN_NOT_OK(engine::prepare_for_schema_changes(sink, options));
  TransactionalSink* transactions = sink.transactions();
  ARROW_ASSIGN_OR_RAISE(
      const auto shares,
      engine::MemoryShares::of(options,
                               engine::num_lanes_of(source, transactions, options)));
  options.read.memory_bytes = shares.reader_bytes;
  sink.limit_memory(shares.writer_bytes);
  if (options.dead_letters) options.dead_letters->limit_memory(shares.dead_letter_bytes);
  ARROW_RETURN_NOT_OK(engine::prepare_for_bad_records(source, transactions, options));
  if (!transactions) {
    ARROW_ASSIGN_OR_RAISE(
        Progress progress,
        copy(source, sink,
             {.read = options.read,
              .queue_bytes = shares.feed_queue_bytes + shares.lane_queue_bytes,
              .on_progress = options.on_progress},
             stop));
    progress.notice = promise.reason;
    return progress;
  }
  ARROW_ASSIGN_OR_RAISE(auto schema, engine::schema_of_rows(source, options));
  auto written = schema;
  if (options.on_schema_change != OnSchemaChange::kFail) {
    ARROW_ASSIGN_OR_RAISE(
        written,
        engine::followed_schema(source, *transactions, pipeline, options, schema, stop));
  }
  ARROW_RETURN_NOT_OK(sink.validate_schema(*written));
  return engine::run_with_retries(source, *transactions, pipeline, options,
                                  std::move(schema), steady_clock(), stop);
}

}  // namespace velo
