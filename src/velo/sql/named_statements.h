#pragma once

/// Statements that write somewhere under a name, without running them.

#include <stop_token>
#include <string>
#include <vector>

#include "velo/sql.h"
#include "velo/sql/statement_context.h"

namespace velo::sql {

/// See Session::named_statements().
Result<std::vector<NamedStatement>> named_statements(
    StatementContext& context, const std::vector<Statement>& statements,
    const std::stop_token& stop);

/// See Session::open_pipelines().
Result<std::vector<OpenPipeline>> open_named(StatementContext& context,
                                             const std::vector<Statement>& statements,
                                             const std::string& name,
                                             const std::stop_token& stop);

}  // namespace velo::sql
