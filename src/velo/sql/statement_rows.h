#pragma once

/// What statements yield, or would write.

#include <memory>
#include <string>
#include <vector>

#include "velo/sql/statement_context.h"

namespace velo::sql {

/// How the SELECT of a statement with these options and sinks is planned. All of a
/// statement's sinks are one end of its pipeline: each applies changes, or none.
PlanOptions plan_options(const RunOptions& options, const Sinks& sinks);

/// A SELECT that is planned, and DuckDB's plan of it where DuckDB runs it.
struct ExplainedSelect {
  SelectPlan plan;
  std::vector<std::string> duckdb_plan;
};

/// Opens the rows of statements. Threads: thread-compatible.
class StatementRows {
 public:
  /// The context outlives it, and what it opens.
  explicit StatementRows(StatementContext& context) : context_(context) {}

  /// The rows of a statement: of its SELECT, or of EXPLAIN or DESCRIBE. The addresses
  /// that it reads, without secrets, are added to `addresses`; what DuckDB needs is taken
  /// out of the memory of `options`. Errors: those of planning.
  Result<std::unique_ptr<DataSource>> open(const Statement& statement,
                                           RunOptions& options, const PlanOptions& how,
                                           std::vector<std::string>& addresses);

  /// Plan the SELECT of a statement, to tell of it.
  Result<ExplainedSelect> explain(const Statement& statement, const PlanOptions& how);

  /// The rows of a plan. As open().
  Result<std::unique_ptr<DataSource>> rows_of(const Statement& statement, SelectPlan plan,
                                              RunOptions& options,
                                              const PlanOptions& how);

 private:
  Status leave_to_duckdb(const Statement& statement, const SelectPlan& plan,
                         RunOptions& options);
  Result<std::unique_ptr<DataSource>> explain_statement(const Statement& statement,
                                                        const RunOptions& options);
  Result<std::unique_ptr<DataSource>> describe_statement(const Statement& statement);

  StatementContext& context_;
};

}  // namespace velo::sql
