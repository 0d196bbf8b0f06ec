#include "velo/sql/pipeline_options.h"

namespace velo::sql {

Result<RunOptions> read_pipeline_options(const Statement& statement, RunOptions options) {
  for (const PipelineOption& option : statement.options) {
    const Status status = options.set(option.name, option.value);
    if (status.ok()) continue;
    return statement.text.script->error_at(option.begin, kind_of(status),
                                           status.message());
  }
  return options;
}

Result<RunOptions> read_pipeline_defaults(
    RunOptions options,
    const std::vector<std::pair<std::string, std::string>>& defaults) {
  for (const auto& [name, value] : defaults) {
    ARROW_RETURN_NOT_OK(options.set(name, value));
  }
  return options;
}

}  // namespace velo::sql
