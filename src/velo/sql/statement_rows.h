#pragma once

/// What statements yield, or would write.

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "velo/sql/statement_context.h"

namespace velo::sql {

/// How the SELECT of a statement with these options is planned; `applies_changes`: where
/// the rows go.
PlanOptions plan_options(const RunOptions& options, bool applies_changes);

/// Rows, and what is known of them.
struct OpenRows {
  std::unique_ptr<DataSource> source;
  std::vector<std::string> addresses;  ///< of what is read, without secrets
  /// How they come about, see steps_of(); where that was asked for.
  std::vector<std::pair<std::string, std::string>> steps;
};

/// Opens the rows of statements. Threads: thread-compatible.
class StatementRows {
 public:
  /// The context outlives it, and what it opens. `tells_steps`: see OpenRows.
  explicit StatementRows(StatementContext& context, bool tells_steps = false)
      : context_(context), tells_steps_(tells_steps) {}

  /// The rows of a statement: of its SELECT, or of EXPLAIN or DESCRIBE. What DuckDB needs
  /// is taken out of the memory of `options`. Errors: those of planning, with the line
  /// and a caret.
  Result<OpenRows> open(const Statement& statement, RunOptions& options,
                        const PlanOptions& how, const std::stop_token& stop);

 private:
  Result<std::vector<std::string>> duckdb_plan_of(const Statement& statement,
                                                  const SelectPlan& plan,
                                                  const PlanOptions& how);
  Status leave_to_duckdb(const Statement& statement, const SelectPlan& plan,
                         RunOptions& options);
  Result<std::unique_ptr<DataSource>> explain_statement(const Statement& statement,
                                                        const RunOptions& options,
                                                        const std::stop_token& stop);
  Result<std::unique_ptr<DataSource>> describe_statement(const Statement& statement);

  StatementContext& context_;
  const bool tells_steps_;
};

}  // namespace velo::sql
