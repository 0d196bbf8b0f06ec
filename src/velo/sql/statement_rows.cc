#include "velo/sql/statement_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/engine/limited_source.h"
#include "velo/engine/memory_shares.h"
#include "velo/sql/explain.h"
#include "velo/sql/plan_source.h"
#include "velo/sql/rows_source.h"
#include "velo/sql/statement_routes.h"

namespace velo::sql {
namespace {

SourceOptions source_options(const RunOptions& options) {
  return {.once = options.once,
          .keeps_bad = options.on_error != OnError::kFail,
          .range = options.range,
          .max_record_bytes = options.max_record_bytes,
          .reader_bytes = engine::memory_of(options) / 8};
}

// What DESCRIBE of a name selects.
SqlText all_of(std::string name) {
  for (size_t at = 0; (at = name.find('"', at)) != std::string::npos; at += 2) {
    name.insert(at, 1, '"');
  }
  std::string text = fmt::format("FROM \"{}\"", name);
  const size_t size = text.size();
  return {std::make_shared<const Script>("DESCRIBE", std::move(text)), 0, size};
}

}  // namespace

PlanOptions plan_options(const RunOptions& options, bool applies_changes) {
  return {.sources = source_options(options),
          .applies_changes = applies_changes,
          .refresh = options.refresh};
}

Result<OpenRows> StatementRows::open(const Statement& statement, RunOptions& options,
                                     const PlanOptions& how,
                                     const std::stop_token& stop) {
  OpenRows rows;
  if (statement.explain) {
    ARROW_ASSIGN_OR_RAISE(rows.source, explain_statement(statement, options, stop));
    return rows;
  }
  if (statement.kind == Statement::Kind::kDescribe) {
    ARROW_ASSIGN_OR_RAISE(rows.source, describe_statement(statement));
    return rows;
  }
  ARROW_ASSIGN_OR_RAISE(SelectPlan plan, context_.planner().plan(statement.select, how));
  for (const auto& source : plan.sources->all()) {
    rows.addresses.push_back(source->address());
  }
  if (tells_steps_) {
    ARROW_ASSIGN_OR_RAISE(const auto duckdb_plan, duckdb_plan_of(statement, plan, how));
    rows.steps = steps_of(plan, duckdb_plan);
  }
  if (!plan.source) ARROW_RETURN_NOT_OK(leave_to_duckdb(statement, plan, options));
  rows.source =
      make_plan_source(context_.planner(), statement.select, std::move(plan), how);
  if (options.limit) {
    rows.source = engine::limit_rows(std::move(rows.source), *options.limit);
  }
  return rows;
}

// None where it goes past DuckDB.
Result<std::vector<std::string>> StatementRows::duckdb_plan_of(const Statement& statement,
                                                               const SelectPlan& plan,
                                                               const PlanOptions& how) {
  if (plan.source) return std::vector<std::string>();
  return context_.planner().explain(statement.select, how);
}

// Takes what DuckDB has out of what the pipeline may hold, and the rows that a stream is
// joined with.
Status StatementRows::leave_to_duckdb(const Statement& statement, const SelectPlan& plan,
                                      RunOptions& options) {
  const SelectPlanner& planner = context_.planner();
  const int64_t least = engine::least_memory_of(options);
  int64_t rest = engine::memory_of(options) - planner.duckdb_bytes();
  if (plan.stream && plan.sources->all().size() > 1) rest -= planner.held_bytes();
  if (context_.is_memory_given(statement) && rest < least) {
    return statement.text.error_at(
        0, ErrorKind::kInvalidArgument,
        fmt::format("memory: {} bytes are too few: this SELECT is run by DuckDB, which "
                    "has {}MiB of it, and with parallel = {} the rest takes {}MiB at "
                    "least",
                    engine::memory_of(options), planner.duckdb_bytes() >> 20,
                    options.num_lanes, least >> 20));
  }
  options.memory_bytes = std::max(rest, least);
  return Status::OK();
}

// By its first stream and the first of its sinks: the others may plan it otherwise only
// in that changes are applied there.
Result<std::unique_ptr<DataSource>> StatementRows::explain_statement(
    const Statement& statement, const RunOptions& options, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const StatementRoutes routes,
                        route_statement(context_, statement, stop));
  const StatementRoute& route = routes.routes.front();
  std::vector<ExplainedSink> sinks;
  PlanOptions how = plan_options(options, false);
  how.sources.instead = route.instead;
  for (size_t i = 0; i < route.sinks.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(
        const auto sink,
        context_.ends().open_sink(statement, statement.sinks[i], route.sinks[i]));
    if (i == 0) how.applies_changes = sink->supports_upsert();
    sinks.push_back({.address = redact_uri(statement.sinks[i].uri),
                     .keeps_record = sink->transactions() != nullptr});
  }
  ARROW_ASSIGN_OR_RAISE(const SelectPlan plan,
                        context_.planner().plan(statement.select, how));
  ARROW_ASSIGN_OR_RAISE(const auto duckdb_plan, duckdb_plan_of(statement, plan, how));
  ARROW_ASSIGN_OR_RAISE(auto rows, explain_plan(plan, duckdb_plan, sinks));
  return make_rows_source(std::move(rows));
}

Result<std::unique_ptr<DataSource>> StatementRows::describe_statement(
    const Statement& statement) {
  if (!statement.sources.empty()) {
    ARROW_ASSIGN_OR_RAISE(const Uri uri,
                          context_.connections().resolve(statement.sources.front().uri));
    ARROW_ASSIGN_OR_RAISE(const auto source, context_.registry().create_source(uri));
    ARROW_ASSIGN_OR_RAISE(const auto schema, source->fetch_schema());
    return describe(*schema);
  }
  const SqlText select =
      statement.name.empty() ? statement.select : all_of(statement.name);
  ARROW_ASSIGN_OR_RAISE(const SelectPlan plan,
                        context_.planner().plan(select, {.sources = {.once = true}}));
  return describe(*plan.schema);
}

}  // namespace velo::sql
