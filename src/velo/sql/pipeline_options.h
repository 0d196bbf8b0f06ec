#pragma once

/// What stands in WITH (…).

#include <string>
#include <utility>
#include <vector>

#include "velo/pipeline.h"
#include "velo/sql/statement.h"

namespace velo::sql {

/// Read the options of a statement; what it does not say is as `options` has it.
/// Errors, with the line and a caret: those of RunOptions::set.
Result<RunOptions> read_pipeline_options(const Statement& statement, RunOptions options);

/// Pipeline options that hold for all statements; what they do not say is as `options`
/// has it. Errors: those of RunOptions::set.
Result<RunOptions> read_pipeline_defaults(
    RunOptions options, const std::vector<std::pair<std::string, std::string>>& defaults);

}  // namespace velo::sql
