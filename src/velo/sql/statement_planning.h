#pragma once

/// What a statement would do.

#include <stop_token>

#include "velo/sql.h"
#include "velo/sql/statement_context.h"

namespace velo::sql {

/// Say what a statement would do; nothing of it is done but that later ones know its
/// name. Errors: those of its options; what else is wrong is StatementPlan::obstacle.
Result<StatementPlan> plan_statement(StatementContext& context,
                                     const Statement& statement,
                                     const std::stop_token& stop);

}  // namespace velo::sql
