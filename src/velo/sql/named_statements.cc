#include "velo/sql/named_statements.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/ascii.h"
#include "velo/sql/canonical_text.h"
#include "velo/sql/statement_rows.h"
#include "velo/sql/statement_run.h"

namespace velo::sql {
namespace {

// The statement of this name, once all before it are known by theirs.
Result<const Statement*> find_named(StatementContext& context,
                                    const std::vector<Statement>& statements,
                                    const std::string& name) {
  for (const Statement& statement : statements) {
    const bool is_meant =
        is_named_pipeline(statement) && ascii_lower(statement.name) == ascii_lower(name);
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
                       .pipeline = identity_of_name(statement.name),
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
  std::vector<std::string> sinks_told;
  ARROW_ASSIGN_OR_RAISE(const Sinks sinks,
                        context.ends().open_sinks(*statement, sinks_told));
  std::vector<std::string> sources_told;
  return StatementRows(context).open(*statement, options, plan_options(options, sinks),
                                     sources_told);
}

Result<OpenPipeline> open_named(StatementContext& context,
                                const std::vector<Statement>& statements,
                                const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const Statement* statement,
                        find_named(context, statements, name));
  if (statement->sinks.size() > 1) {
    return statement->text.error_at(0, ErrorKind::kInvalidArgument,
                                    "several sinks keep no position together");
  }
  OpenPipeline opened;
  std::vector<std::string> addresses;
  ARROW_ASSIGN_OR_RAISE(Sinks sinks, context.ends().open_sinks(*statement, addresses));
  ARROW_ASSIGN_OR_RAISE(opened.options, context.options_of(*statement));
  std::vector<std::string> sources_told;
  ARROW_ASSIGN_OR_RAISE(
      opened.source,
      StatementRows(context).open(*statement, opened.options,
                                  plan_options(opened.options, sinks), sources_told));
  opened.options.select = canonical_text(statement->select);
  opened.sink = std::move(sinks.front());
  opened.pipeline = identity_of_name(statement->name);
  opened.address = std::move(addresses.front());
  return opened;
}

}  // namespace velo::sql
