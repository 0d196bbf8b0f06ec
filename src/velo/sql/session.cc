#include <memory>
#include <utility>

#include "velo/sql.h"
#include "velo/sql/named_statements.h"
#include "velo/sql/statement_context.h"
#include "velo/sql/statement_execution.h"
#include "velo/sql/statement_planning.h"
#include "velo/sql/statement_rows.h"

namespace velo {

using sql::Script;
using sql::Statement;

// The statements of a text, parsed.
class Session::State {
 public:
  explicit State(SessionOptions options) : context(std::move(options)) {}

  Result<std::vector<Statement>> parse(std::string_view name, std::string_view text) {
    const auto script =
        std::make_shared<const Script>(std::string(name), std::string(text));
    ARROW_ASSIGN_OR_RAISE(auto statements, sql::parse_statements(script));
    ARROW_RETURN_NOT_OK(context.read_defaults(statements));
    return statements;
  }

  sql::StatementContext context;
};

Session::Session(SessionOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Status Session::execute(std::string_view text, const ExecuteOptions& options,
                        std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const auto statements, state_->parse(options.name, text));
  return sql::StatementExecution(state_->context, options, stop).execute(statements);
}

Result<std::unique_ptr<DataSource>> Session::query(std::string_view text,
                                                   const QueryOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto statements, state_->parse(options.name, text));
  if (statements.empty()) {
    const Script script(options.name, std::string(text));
    return script.error_at(0, ErrorKind::kInvalidArgument, "there is no statement here");
  }
  sql::StatementContext& context = state_->context;
  for (size_t i = 0; i + 1 < statements.size(); ++i) {
    const Statement& statement = statements[i];
    if (statement.kind != Statement::Kind::kCreate || statement.explain ||
        !statement.sinks.empty()) {
      return statement.text.error_at(
          0, ErrorKind::kInvalidArgument,
          "only CREATE STREAM without INSERT INTO may stand before the last "
          "statement here");
    }
    ARROW_ASSIGN_OR_RAISE(const bool is_there, context.is_there(statement));
    if (!is_there) ARROW_RETURN_NOT_OK(context.only_name(statement));
  }
  const Statement& last = statements.back();
  ARROW_ASSIGN_OR_RAISE(RunOptions run_options, context.options_of(last));
  ARROW_ASSIGN_OR_RAISE(sql::OpenRows rows,
                        sql::StatementRows(context).open(
                            last, run_options,
                            sql::plan_options(run_options, options.applies_changes), {}));
  return std::move(rows.source);
}

Result<std::vector<StatementPlan>> Session::plan(std::string_view text,
                                                 std::string_view name,
                                                 std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const auto statements, state_->parse(name, text));
  std::vector<StatementPlan> plans;
  for (const Statement& statement : statements) {
    ARROW_ASSIGN_OR_RAISE(StatementPlan plan,
                          sql::plan_statement(state_->context, statement, stop));
    plans.push_back(std::move(plan));
  }
  return plans;
}

Result<std::vector<NamedStatement>> Session::named_statements(std::string_view text,
                                                              std::string_view name,
                                                              std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const auto statements, state_->parse(name, text));
  return sql::named_statements(state_->context, statements, stop);
}

Result<std::vector<OpenPipeline>> Session::open_pipelines(std::string_view text,
                                                          const std::string& name,
                                                          std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const auto statements, state_->parse("SQL", text));
  return sql::open_named(state_->context, statements, name, stop);
}

}  // namespace velo
