#include "velo/sql/statement_planning.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/columnar/schema_text.h"
#include "velo/sql/explain.h"
#include "velo/sql/statement_rows.h"
#include "velo/sql/statement_runs.h"

namespace velo::sql {
namespace {

// What fan_out_sink.h makes of a sink's own promise.
void no_record_of_several(const RunOptions& options, RunPlan& plan) {
  plan.guarantee = Guarantee::kAtLeastOnce;
  plan.why = "what is read can be read only once, and no record is kept of several sinks";
  if (options.guarantee == Guarantee::kExactlyOnce && plan.obstacle.ok()) {
    plan.obstacle = make_error(ErrorKind::kInvalidArgument, {},
                               "guarantee = exactly_once: " + plan.why);
  }
  plan.begins = "at the beginning of the source";
  plan.keeps.clear();
}

std::vector<PlannedColumn> columns_of(const arrow::Schema& schema) {
  std::vector<PlannedColumn> columns;
  for (const auto& field : schema.fields()) {
    columns.push_back({.name = field->name(), .type = type_name(*field->type())});
  }
  return columns;
}

Result<PlannedSink> plan_sink(StatementRun& run, DataSink& sink, std::string address,
                              const std::stop_token& stop) {
  PlannedSink planned{.address = std::move(address),
                      .stream = run.result.stream,
                      .pipeline = {},
                      .run = {}};
  ARROW_RETURN_NOT_OK(run.obstacle);
  ARROW_RETURN_NOT_OK(run.find_pipeline(stop));
  if (!run.name.empty()) planned.pipeline = run.pipeline.id;
  run.options.limit.reset();  // the source ends there
  ARROW_ASSIGN_OR_RAISE(planned.run,
                        plan_run(*run.source, sink, run.pipeline, run.options, stop));
  return planned;
}

// Rows that are shown, or read by others.
Status plan_select(StatementContext& context, const Statement& statement,
                   const std::stop_token& stop, StatementPlan& planned) {
  ARROW_ASSIGN_OR_RAISE(RunOptions options, context.options_of(statement));
  ARROW_ASSIGN_OR_RAISE(
      OpenRows rows, StatementRows(context, /*tells_steps=*/true)
                         .open(statement, options, plan_options(options, false), stop));
  planned.sources = std::move(rows.addresses);
  planned.steps = std::move(rows.steps);
  ARROW_ASSIGN_OR_RAISE(const auto schema, rows.source->fetch_schema());
  planned.columns = columns_of(*schema);
  return Status::OK();
}

// The one run of several sinks, as each of them will see it.
Status plan_fan_out(StatementContext& context, const Statement& statement,
                    StatementRun& run, const std::stop_token& stop,
                    StatementPlan& planned) {
  planned.steps.emplace_back("reads", "once, for all sinks");
  for (const Address& named : statement.sinks) {
    ARROW_ASSIGN_OR_RAISE(const Uri uri, context.connections().resolve(named.uri));
    ARROW_ASSIGN_OR_RAISE(const auto sink,
                          context.ends().open_sink(statement, named, uri));
    ARROW_ASSIGN_OR_RAISE(PlannedSink one, plan_sink(run, *sink, redact_uri(uri), stop));
    no_record_of_several(run.options, one.run);
    planned.sinks.push_back(std::move(one));
  }
  return Status::OK();
}

// The sources of all streams.
std::vector<std::string> sources_of(const std::vector<StatementRun>& runs) {
  std::vector<std::string> sources;
  for (const StatementRun& run : runs) {
    for (const std::string& source : run.result.sources) {
      if (std::ranges::count(sources, source) == 0) sources.push_back(source);
    }
  }
  return sources;
}

// What a statement selects, and what becomes of that.
Status plan_runs(StatementContext& context, const Statement& statement,
                 const std::stop_token& stop, StatementPlan& planned) {
  StatementResult told = result_of(statement);
  ARROW_ASSIGN_OR_RAISE(StatementRuns opened,
                        open_runs(context, statement, {.tells_steps = true}, told, stop));
  auto& runs = opened.runs;
  planned.left_out = std::move(opened.left_out);
  planned.sources = sources_of(runs);
  planned.steps = runs.front().steps;
  if (fans_out(runs.front())) {
    return plan_fan_out(context, statement, runs.front(), stop, planned);
  }
  if (const size_t num_sinks = statement.sinks.size(); num_sinks > 1) {
    planned.steps.emplace_back("reads",
                               fmt::format("once for each of {} sinks", num_sinks));
  }
  for (StatementRun& run : runs) {
    const std::string address = run.result.sinks.front();
    auto one = plan_sink(run, *run.sink, address, stop);
    // What is wrong with one of several is told beside the others.
    if (!one.ok() && runs.size() == 1) return one.status();
    PlannedSink refused{.address = address, .stream = run.result.stream};
    refused.run.obstacle = one.status();
    planned.sinks.push_back(one.ok() ? *std::move(one) : std::move(refused));
  }
  return Status::OK();
}

// Of EXPLAIN and DESCRIBE that of what they look at.
Status plan_rows(StatementContext& context, const Statement& statement,
                 const std::stop_token& stop, StatementPlan& planned) {
  Statement looked_at = statement;
  looked_at.explain = false;
  if (statement.kind == Statement::Kind::kDescribe) {
    looked_at.kind = Statement::Kind::kSelect;
  }
  return looked_at.sinks.empty() ? plan_select(context, looked_at, stop, planned)
                                 : plan_runs(context, looked_at, stop, planned);
}

}  // namespace

Result<StatementPlan> plan_statement(StatementContext& context,
                                     const Statement& statement,
                                     const std::stop_token& stop) {
  const StatementResult told = result_of(statement);
  StatementPlan planned{.kind = told.kind, .name = told.name, .place = told.place};
  ARROW_RETURN_NOT_OK(context.options_of(statement));
  if (statement.kind == Statement::Kind::kCreate) {
    planned.obstacle = context.is_there(statement).status();
  }
  if (planned.obstacle.ok() && statement.select.script) {
    planned.obstacle = plan_rows(context, statement, stop, planned);
  }
  if (planned.obstacle.ok()) planned.obstacle = context.only_name(statement);
  return planned;
}

}  // namespace velo::sql
