#pragma once

/// Running the statements of a text.

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/running_pipelines.h"
#include "velo/sql.h"
#include "velo/sql/statement_context.h"
#include "velo/sql/statement_run.h"

namespace velo::sql {

/// See Session::execute(). Once. Threads: thread-compatible.
class StatementExecution {
 public:
  /// Both outlive it.
  StatementExecution(StatementContext& context, const ExecuteOptions& options,
                     const std::stop_token& stop);

  /// All of them, in their order: what never ends runs beside what follows.
  Status execute(const std::vector<Statement>& statements);

 private:
  Status execute_beside(const Statement& statement, StatementResult& result);
  Status wait_for_what_is_read(const Statement& statement, const StatementResult& result);
  Status move_rows(const Statement& statement, StatementResult& result);
  Status check_runs_once(const Statement& statement, const StatementRun& run,
                         bool goes_on);
  Status check_number(const Statement& statement, size_t num_runs);
  void start_all(const Statement& statement, std::vector<StatementRun> runs);
  void start(const std::string& name, StatementRun run);
  Status run_all(const Statement& statement, std::vector<StatementRun>& runs,
                 StatementResult& result);
  Status run_group(const Statement& statement, std::vector<StatementRun>& runs);
  void tell_of_stop(const Statement& statement, const std::vector<StatementRun>& runs,
                    size_t num_begun);
  Status run_one(StatementRun& run, const std::string& name);
  void failed(const std::string& name, const StatementResult& result,
              const Status& status);

  StatementContext& context_;
  const ExecuteOptions& options_;
  const std::stop_token stop_;
  RunningPipelines running_;
  // Pipelines whose rows never end, and where they stand.
  std::map<std::string, std::string> going_on_;
  size_t num_going_on_ = 0;
};

}  // namespace velo::sql
