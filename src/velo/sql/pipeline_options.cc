#include "velo/sql/pipeline_options.h"

#include <fmt/format.h>

#include "velo/base/parse_number.h"

namespace velo::sql {
namespace {

Result<int64_t> read_limit(const Statement& statement, const PipelineOption& option) {
  const auto limit = parse_number<int64_t>(option.value);
  if (limit && *limit >= 0) return *limit;
  return statement.text.script->error_at(
      option.value_begin, ErrorKind::kInvalidArgument,
      fmt::format("limit = {}: a whole number of rows, 0 or more, is expected",
                  option.value));
}

}  // namespace

Result<PipelineOptions> read_pipeline_options(const Statement& statement,
                                              const RunOptions& defaults) {
  PipelineOptions options{.run = defaults, .limit = {}};
  for (const PipelineOption& option : statement.options) {
    if (option.name == "limit") {
      ARROW_ASSIGN_OR_RAISE(options.limit, read_limit(statement, option));
      continue;
    }
    const Status status = options.run.set(option.name, option.value);
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
