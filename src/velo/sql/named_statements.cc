#include "velo/sql/named_statements.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/sql/statement_rows.h"
#include "velo/sql/statement_runs.h"
#include "velo/state.h"

namespace velo::sql {
namespace {

// Whether a pipeline of this statement can have this id at one of its sinks.
Result<bool> has_pipeline(StatementContext& context, const Statement& statement,
                          const std::string& id) {
  std::vector<std::string> addresses;
  ARROW_ASSIGN_OR_RAISE(const Sinks sinks,
                        context.ends().open_sinks(statement, addresses));
  for (size_t i = 0; i < sinks.size(); ++i) {
    const std::string name = ascii_lower(statement.name);
    if (pipeline_of_sink(name, *sinks[i], addresses[i]).id == id) return true;
  }
  return false;
}

// The statement of this name, or one of whose sinks has this id, once all before it are
// known by their names.
Result<const Statement*> find_named(StatementContext& context,
                                    const std::vector<Statement>& statements,
                                    const std::string& name) {
  const bool is_name = std::ranges::any_of(statements, [&](const Statement& statement) {
    return is_named_pipeline(statement) &&
           ascii_lower(statement.name) == ascii_lower(name);
  });
  for (const Statement& statement : statements) {
    bool is_meant = false;
    if (is_named_pipeline(statement)) {
      is_meant = ascii_lower(statement.name) == ascii_lower(name);
      if (!is_name) {
        ARROW_ASSIGN_OR_RAISE(is_meant, has_pipeline(context, statement, name));
      }
    }
    if (is_meant) return &statement;
    ARROW_RETURN_NOT_OK(context.only_name(statement));
  }
  return make_error(ErrorKind::kNotFound, {},
                    fmt::format("there is no statement named {} here", name));
}

}  // namespace

Result<std::vector<NamedStatement>> named_statements(
    StatementContext& context, const std::vector<Statement>& statements) {
  std::vector<NamedStatement> named;
  for (const Statement& statement : statements) {
    if (!is_named_pipeline(statement)) continue;
    NamedStatement one{.name = statement.name,
                       .place = result_of(statement).place,
                       .sinks = {},
                       .dead_letters = {}};
    for (const Address& address : statement.sinks) {
      ARROW_ASSIGN_OR_RAISE(Uri uri, context.connections().resolve(address.uri));
      one.sinks.push_back(std::move(uri));
    }
    ARROW_ASSIGN_OR_RAISE(const RunOptions options, context.options_of(statement));
    if (options.on_error == OnError::kKeep) {
      ARROW_ASSIGN_OR_RAISE(one.dead_letters,
                            context.ends().address_of_dead_letters(options));
    }
    named.push_back(std::move(one));
  }
  return named;
}

Result<std::unique_ptr<DataSource>> source_of_named(
    StatementContext& context, const std::vector<Statement>& statements,
    const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const Statement* statement,
                        find_named(context, statements, name));
  ARROW_ASSIGN_OR_RAISE(RunOptions options, context.options_of(*statement));
  ARROW_ASSIGN_OR_RAISE(
      OpenRows rows,
      StatementRows(context).open(*statement, options, plan_options(options, false)));
  return std::move(rows.source);
}

Result<std::vector<OpenPipeline>> open_named(StatementContext& context,
                                             const std::vector<Statement>& statements,
                                             const std::string& name,
                                             const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const Statement* statement,
                        find_named(context, statements, name));
  const bool is_name = ascii_lower(statement->name) == ascii_lower(name);
  ARROW_ASSIGN_OR_RAISE(auto runs, open_runs_to_look(context, *statement));
  std::vector<OpenPipeline> opened;
  for (StatementRun& run : runs) {
    if (fans_out(run)) {
      return statement->text.error_at(
          0, ErrorKind::kInvalidArgument,
          "no record is kept of several sinks of a source that can be read only once");
    }
    ARROW_RETURN_NOT_OK(run.find_pipeline(stop));
    if (!is_name && run.pipeline.id != name) continue;
    opened.push_back({.source = std::move(run.source),
                      .sink = std::move(run.sink),
                      .pipeline = std::move(run.pipeline),
                      .options = std::move(run.options),
                      .address = run.result.sinks.front()});
  }
  if (!opened.empty()) return opened;
  return make_error(ErrorKind::kNotFound, {.resource = name},
                    "the sink of this pipeline knows it by another id: velo state show");
}

}  // namespace velo::sql
