#include "velo/sql/statement_planning.h"

#include <utility>

#include "velo/columnar/schema_text.h"
#include "velo/sql/canonical_text.h"
#include "velo/sql/explain.h"
#include "velo/sql/statement_rows.h"
#include "velo/sql/statement_run.h"

namespace velo::sql {
namespace {

// What fan_out_sink.h makes of a sink's own promise.
void no_record_of_several(const RunOptions& options, RunPlan& plan) {
  plan.guarantee = Guarantee::kAtLeastOnce;
  plan.why = "several sinks keep no position together yet: each run starts anew";
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

// What a statement selects, and what becomes of that.
Status plan_rows(StatementContext& context, const Statement& statement,
                 RunOptions options, const std::stop_token& stop,
                 StatementPlan& planned) {
  std::vector<std::string> addresses;
  ARROW_ASSIGN_OR_RAISE(const Sinks sinks,
                        context.ends().open_sinks(statement, addresses));
  const PlanOptions how = plan_options(options, sinks);
  StatementRows rows(context);
  ARROW_ASSIGN_OR_RAISE(ExplainedSelect select, rows.explain(statement, how));
  for (const auto& source : select.plan.sources->all()) {
    planned.sources.push_back(source->address());
  }
  planned.steps = steps_of(select.plan, select.duckdb_plan);
  if (sinks.empty()) {
    planned.columns = columns_of(*select.plan.schema);
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const auto source,
                        rows.rows_of(statement, std::move(select.plan), options, how));
  options.limit.reset();
  if (options.on_error == OnError::kKeep) {
    ARROW_ASSIGN_OR_RAISE(options.dead_letters,
                          context.ends().open_dead_letters(options));
  }
  options.select = canonical_text(statement.select);
  options.replace = statement.or_replace;
  for (size_t i = 0; i < sinks.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(
        RunPlan run,
        plan_run(*source, *sinks[i], identity_of(statement, options, *source, *sinks[i]),
                 options, stop));
    if (sinks.size() > 1) no_record_of_several(options, run);
    planned.sinks.push_back({.address = addresses[i], .run = std::move(run)});
  }
  return Status::OK();
}

}  // namespace

Result<StatementPlan> plan_statement(StatementContext& context,
                                     const Statement& statement,
                                     const std::stop_token& stop) {
  const StatementResult told = result_of(statement);
  StatementPlan planned{.kind = told.kind, .name = told.name, .place = told.place};
  ARROW_ASSIGN_OR_RAISE(const RunOptions options, context.options_of(statement));
  if (statement.kind == Statement::Kind::kCreate) {
    planned.obstacle = context.is_there(statement).status();
  }
  if (planned.obstacle.ok() && statement.select.script) {
    planned.obstacle = plan_rows(context, statement, options, stop, planned);
  }
  if (planned.obstacle.ok()) planned.obstacle = context.only_name(statement);
  return planned;
}

}  // namespace velo::sql
