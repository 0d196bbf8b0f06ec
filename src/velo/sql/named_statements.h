#pragma once

/// Statements that write somewhere under a name, without running them.

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/sql.h"
#include "velo/sql/statement_context.h"

namespace velo::sql {

/// See Session::named_statements().
Result<std::vector<NamedStatement>> named_statements(
    StatementContext& context, const std::vector<Statement>& statements);

/// See Session::source_of(). What those before it have named is known to it, as if they
/// had run.
Result<std::unique_ptr<DataSource>> source_of_named(
    StatementContext& context, const std::vector<Statement>& statements,
    const std::string& name);

/// See Session::open_pipelines().
Result<std::vector<OpenPipeline>> open_named(StatementContext& context,
                                             const std::vector<Statement>& statements,
                                             const std::string& name,
                                             const std::stop_token& stop);

}  // namespace velo::sql
