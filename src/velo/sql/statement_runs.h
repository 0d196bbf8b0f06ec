#pragma once

/// What moves the rows of a statement.

#include <vector>

#include "velo/sql.h"
#include "velo/sql/statement_context.h"
#include "velo/sql/statement_run.h"

namespace velo::sql {

/// Open a statement that moves rows: a run for each of its sinks
/// (docs/adr/0015-several-sinks.md), one at least. Where its source can be read only once
/// there is one run for all sinks. What is known of it by then is told in `result`, also
/// where that fails. The context outlives the runs. Errors: those of opening and
/// planning, with the line and a caret.
Result<std::vector<StatementRun>> open_runs(StatementContext& context,
                                            const Statement& statement, DataSink* results,
                                            StatementResult& result);

/// Open those of a statement with sinks, to look at them, with their steps. As
/// open_runs().
Result<std::vector<StatementRun>> open_runs_to_look(StatementContext& context,
                                                    const Statement& statement);

/// Whether one run writes into all of several sinks.
bool fans_out(const StatementRun& run);

}  // namespace velo::sql
