#include "velo/sql/statement_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <utility>

#include "velo/sql/canonical_text.h"
#include "velo/state.h"

namespace velo::sql {
namespace {

// Says of a stop which statement it ended, and with what outcome.
Status explain_stop(const Status& status, const StatementResult& result,
                    const DataSink& sink) {
  if (kind_of(status) != ErrorKind::kCancelled) return status;
  const Progress& progress = result.progress;
  const bool has_committed = progress.num_rows_committed > 0;
  std::string outcome = "what had appeared in the sink by then stays there";
  if (sink.supports_transactions()) outcome = "nothing of them is visible in the sink";
  if (has_committed) outcome = "they are committed; run it again to go on";
  return status.WithMessage(fmt::format(
      "{}{}{}: stopped after {} rows; {}", result.place,
      result.sinks.empty() ? "" : " → ", fmt::join(result.sinks, ", "),
      has_committed ? progress.num_rows_committed : progress.num_rows, outcome));
}

}  // namespace

PipelineIdentity identity_of_run(const Statement& statement, const RunOptions& options,
                                 DataSource& source, DataSink& sink,
                                 const std::string& address) {
  std::error_code ignored;
  const SplitSource* splits = source.splits();
  TransactionalSink* transactions = sink.transactions();
  const SqlText& select = statement.select.script ? statement.select : statement.text;
  return unnamed_run(
      splits ? splits->identity() : std::filesystem::current_path(ignored).string(),
      canonical_text(select) + to_string(options.range),
      transactions ? transactions->identity() : address);
}

Status StatementRun::find_pipeline(const std::stop_token& stop) {
  if (name.empty()) return Status::OK();
  const std::string address = result.sinks.empty() ? "" : result.sinks.front();
  ARROW_ASSIGN_OR_RAISE(
      pipeline, find_pipeline_of_sink(name, *sink, address, is_one_of_several, stop));
  return Status::OK();
}

Status StatementRun::move_rows(const ExecuteOptions& execute,
                               const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(obstacle);
  ARROW_RETURN_NOT_OK(find_pipeline(stop));
  // Before anybody hears of a start.
  if (options.on_schema_change == OnSchemaChange::kFail) {
    ARROW_ASSIGN_OR_RAISE(const auto schema, source->fetch_schema());
    ARROW_RETURN_NOT_OK(sink->validate_schema(*schema));
  }
  RunOptions run_options = options;
  run_options.measure_lag = execute.measure_lag;
  run_options.on_progress = [&](const Progress& progress) {
    result.progress = progress;
    if (execute.on_progress) execute.on_progress(result);
  };
  if (execute.on_retry) {
    run_options.on_retry = [&](const Retry& retry) { execute.on_retry(result, retry); };
  }
  if (execute.on_ddl) {
    run_options.on_ddl = [&](std::string_view statement) {
      execute.on_ddl(result, statement);
    };
  }
  result.pipeline = pipeline.id;
  if (execute.on_start) execute.on_start(result);
  const auto done = velo::run(*source, *sink, pipeline, run_options, stop);
  if (!done.ok()) {
    return stop.stop_requested() ? explain_stop(done.status(), result, *sink)
                                 : done.status();
  }
  result.progress = *done;
  return Status::OK();
}

}  // namespace velo::sql
