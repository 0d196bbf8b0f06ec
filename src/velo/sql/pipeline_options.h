#pragma once

/// What stands in WITH (…).

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "velo/sql/statement.h"

namespace velo::sql {

struct PipelineOptions {
  std::optional<int64_t> limit;  ///< most rows that the statement yields
};

/// Read the options of a statement.
/// Errors, with the line and a caret: kInvalidArgument (an unknown name is answered with
/// the nearest one), kNotImplemented for those that do not work yet.
Result<PipelineOptions> read_pipeline_options(const Statement& statement);

/// Check the pipeline options that velo.toml gives for all statements: those that say
/// what happens anyway pass. Errors: kInvalidArgument, kNotImplemented.
Status check_pipeline_defaults(
    const std::vector<std::pair<std::string, std::string>>& defaults);

}  // namespace velo::sql
