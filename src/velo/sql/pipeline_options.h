#pragma once

/// What stands in WITH (…).

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "velo/pipeline.h"
#include "velo/sql/statement.h"

namespace velo::sql {

struct PipelineOptions {
  RunOptions run;
  std::optional<int64_t> limit;  ///< most rows that the statement yields
};

/// Read the options of a statement; what it does not say is as `defaults` has it.
/// Errors, with the line and a caret: those of RunOptions::set.
Result<PipelineOptions> read_pipeline_options(const Statement& statement,
                                              const RunOptions& defaults);

/// Pipeline options that hold for all statements; what they do not say is as `options`
/// has it. Errors: those of RunOptions::set.
Result<RunOptions> read_pipeline_defaults(
    RunOptions options, const std::vector<std::pair<std::string, std::string>>& defaults);

}  // namespace velo::sql
