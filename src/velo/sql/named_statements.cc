#include "velo/sql/named_statements.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/sql/statement_routes.h"
#include "velo/sql/statement_runs.h"
#include "velo/state.h"

namespace velo::sql {
namespace {

bool has_name(const Statement& statement, const std::string& name) {
  return is_named_pipeline(statement) && ascii_lower(statement.name) == ascii_lower(name);
}

// Whether a pipeline of this statement can have this id at one of its sinks.
Result<bool> has_pipeline(StatementContext& context, const Statement& statement,
                          const std::string& id, const std::stop_token& stop) {
  const std::string name = ascii_lower(statement.name);
  ARROW_ASSIGN_OR_RAISE(const StatementRoutes routes,
                        route_statement(context, statement, stop));
  for (const StatementRoute& route : routes.routes) {
    for (size_t i = 0; i < route.sinks.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          const auto sink,
          context.ends().open_sink(statement, statement.sinks[i], route.sinks[i]));
      const std::string address = redact_uri(route.sinks[i]);
      if (pipeline_of_sink(name, *sink, address).id == id) return true;
    }
  }
  return false;
}

// The statement of this name, or one of whose sinks has this id, once all before it are
// known by their names.
Result<const Statement*> find_named(StatementContext& context,
                                    const std::vector<Statement>& statements,
                                    const std::string& name,
                                    const std::stop_token& stop) {
  const bool is_name = std::ranges::any_of(
      statements, [&](const Statement& one) { return has_name(one, name); });
  for (const Statement& statement : statements) {
    bool is_meant = has_name(statement, name);
    if (!is_name && is_named_pipeline(statement)) {
      ARROW_ASSIGN_OR_RAISE(is_meant, has_pipeline(context, statement, name, stop));
    }
    if (is_meant) return &statement;
    ARROW_RETURN_NOT_OK(context.only_name(statement));
  }
  return make_error(ErrorKind::kNotFound, {},
                    fmt::format("there is no statement named {} here", name));
}

// Whether it is that of this id; by a name they all are.
bool is_meant(const StatementRun& run, const std::string& name) {
  return ascii_lower(name) == run.name || run.pipeline.id == name;
}

}  // namespace

Result<std::vector<NamedStatement>> named_statements(
    StatementContext& context, const std::vector<Statement>& statements,
    const std::stop_token& stop) {
  std::vector<NamedStatement> named;
  for (const Statement& statement : statements) {
    if (!is_named_pipeline(statement)) continue;
    NamedStatement one{
        .name = statement.name, .place = result_of(statement).place, .sinks = {}};
    ARROW_ASSIGN_OR_RAISE(const StatementRoutes routes,
                          route_statement(context, statement, stop));
    for (const StatementRoute& route : routes.routes) {
      for (const Uri& sink : route.sinks) one.sinks.push_back({sink, route.dead_letters});
    }
    named.push_back(std::move(one));
  }
  return named;
}

Result<std::vector<OpenPipeline>> open_named(StatementContext& context,
                                             const std::vector<Statement>& statements,
                                             const std::string& name,
                                             const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const Statement* statement,
                        find_named(context, statements, name, stop));
  StatementResult told = result_of(*statement);
  ARROW_ASSIGN_OR_RAISE(StatementRuns runs,
                        open_runs(context, *statement, {}, told, stop));
  std::vector<OpenPipeline> opened;
  for (StatementRun& run : runs.runs) {
    if (fans_out(run)) {
      return statement->text.error_at(
          0, ErrorKind::kInvalidArgument,
          "no record is kept of several sinks of a source that can be read only once");
    }
    ARROW_RETURN_NOT_OK(run.obstacle);
    const std::string& address = run.result.sinks.front();
    run.pipeline = pipeline_of_sink(run.name, *run.sink, address);
    if (!is_meant(run, name)) continue;
    ARROW_RETURN_NOT_OK(run.find_pipeline(stop));
    if (!is_meant(run, name)) continue;
    opened.push_back({.source = std::move(run.source),
                      .sink = std::move(run.sink),
                      .pipeline = std::move(run.pipeline),
                      .options = std::move(run.options),
                      .address = address});
  }
  if (!opened.empty()) return opened;
  return make_error(ErrorKind::kNotFound, {.resource = name},
                    "the sink of this pipeline knows it by another id: velo state show");
}

}  // namespace velo::sql
