#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "velo/sql/statement_context.h"

namespace velo::sql {

/// Find out how many runs of these statements move rows at the same time, at the most:
/// all whose rows never end, and one of those that follow. Sources are opened and not
/// read; what is wrong with one is left for its own statement to tell.
int64_t count_runs_together(StatementContext& context,
                            const std::vector<Statement>& statements,
                            const std::stop_token& stop);

}  // namespace velo::sql
