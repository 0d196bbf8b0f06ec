#pragma once

/// What moves the rows of a statement.

#include <stop_token>
#include <string>
#include <vector>

#include "velo/sql.h"
#include "velo/sql/statement_context.h"
#include "velo/sql/statement_run.h"

namespace velo::sql {

/// The runs of a statement: one for each of its sinks (docs/adr/0015-several-sinks.md),
/// of each of its streams. Where its source can be read only once there is one for all
/// sinks.
struct StatementRuns {
  std::vector<StatementRun> runs;     ///< one at least
  std::vector<std::string> left_out;  ///< see StreamList

  /// Whether the rows of any never end.
  bool go_on() const;
};

struct OpenRunsOptions {
  DataSink* results = nullptr;  ///< for rows that are shown, see ExecuteOptions
  bool tells_steps = false;     ///< see StatementRun::steps
};

/// Open a statement that moves rows. What is known of it by then is told in `result`,
/// also where that fails. The context outlives the runs. Errors, with the line and a
/// caret: those of opening and planning, but for one of several, see
/// StatementRun::obstacle.
Result<StatementRuns> open_runs(StatementContext& context, const Statement& statement,
                                const OpenRunsOptions& options, StatementResult& result,
                                const std::stop_token& stop);

/// Whether one run writes into all of several sinks.
bool fans_out(const StatementRun& run);

}  // namespace velo::sql
