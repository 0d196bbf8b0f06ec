#pragma once

/// What moves the rows of a statement.

#include "velo/sql.h"
#include "velo/sql/statement_context.h"
#include "velo/sql/statement_run.h"

namespace velo::sql {

/// Open both ends of a statement that moves rows; what is known of it by then is told in
/// `result`, also where that fails. The context outlives the run. Errors: those of
/// opening and planning, with the line and a caret.
Result<StatementRun> open_run(StatementContext& context, const Statement& statement,
                              DataSink* results, StatementResult& result);

}  // namespace velo::sql
