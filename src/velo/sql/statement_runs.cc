#include "velo/sql/statement_runs.h"

#include <utility>

#include "velo/sql/canonical_text.h"
#include "velo/sql/fan_out_sink.h"
#include "velo/sql/statement_rows.h"

namespace velo::sql {
namespace {

Result<std::shared_ptr<DataSink>> sink_of_results(const Statement& statement,
                                                  DataSink* results) {
  if (results) {
    return std::shared_ptr<DataSink>(std::shared_ptr<void>(), results);
  }
  return statement.text.error_at(
      0, ErrorKind::kInvalidArgument,
      "the rows of this statement have nowhere to go; INSERT INTO says where");
}

}  // namespace

Result<StatementRun> open_run(StatementContext& context, const Statement& statement,
                              DataSink* results, StatementResult& result) {
  ARROW_ASSIGN_OR_RAISE(RunOptions options, context.options_of(statement));
  Sinks sinks;
  if (!statement.explain) {
    ARROW_ASSIGN_OR_RAISE(sinks, context.ends().open_sinks(statement, result.sinks));
  }
  StatementRun run;
  ARROW_ASSIGN_OR_RAISE(
      run.source, StatementRows(context).open(
                      statement, options, plan_options(options, sinks), result.sources));
  if (sinks.empty()) {
    ARROW_ASSIGN_OR_RAISE(run.sink, sink_of_results(statement, results));
    options.on_schema_change = OnSchemaChange::kFail;  // there is nobody to follow
  } else {
    if (options.on_error == OnError::kKeep) {
      ARROW_ASSIGN_OR_RAISE(options.dead_letters,
                            context.ends().open_dead_letters(options));
    }
    options.select = canonical_text(statement.select);
    options.replace = statement.or_replace;
    run.sink = sinks.size() == 1 ? std::move(sinks.front())
                                 : make_fan_out_sink(std::move(sinks));
  }
  run.pipeline = identity_of(statement, options, *run.source, *run.sink);
  run.options = std::move(options);
  run.result = result;
  return run;
}

}  // namespace velo::sql
