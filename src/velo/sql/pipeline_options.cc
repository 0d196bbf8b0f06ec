#include "velo/sql/pipeline_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "velo/options.h"

namespace velo::sql {
namespace {

struct Known {
  std::string_view name;
  /// The values that say what happens anyway; any other is "not yet". "" for none at all.
  std::string_view accepted;
};

constexpr std::array<Known, 12> kKnown = {{
    {"guarantee", "at_least_once"},
    {"commit_every", ""},
    {"memory", ""},
    {"parallel", "1"},
    {"on_error", "fail"},
    {"on_schema_change", "fail"},
    {"on_changed", ""},
    {"once", "true"},
    {"limit", ""},
    {"from", ""},
    {"until", ""},
    {"refresh", ""},
}};

Status fail(ErrorKind kind, std::string message) {
  return make_error(kind, {}, std::move(message));
}

Status unknown(std::string_view name) {
  std::array<std::string_view, kKnown.size()> names;
  std::transform(kKnown.begin(), kKnown.end(), names.begin(),
                 [](const Known& known) { return known.name; });
  const std::string_view nearest = nearest_name(name, names);
  return fail(ErrorKind::kInvalidArgument,
              nearest.empty()
                  ? fmt::format("there is no pipeline option '{}'", name)
                  : fmt::format("there is no pipeline option '{}'; did you mean '{}'?",
                                name, nearest));
}

// Whether the option is known and its value says what happens anyway.
Status check_option(std::string_view name, std::string_view value) {
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(),
                                   [&](const Known& each) { return each.name == name; });
  if (known == kKnown.end()) return unknown(name);
  if (value == known->accepted) return Status::OK();
  return fail(ErrorKind::kNotImplemented,
              fmt::format("{} = {} does not work yet{}", name, value,
                          known->accepted.empty()
                              ? std::string()
                              : fmt::format("; {} = {} does", name, known->accepted)));
}

Result<int64_t> read_limit(const Statement& statement, const PipelineOption& option) {
  int64_t limit = 0;
  const char* end = option.value.data() + option.value.size();
  const auto [read, error] = std::from_chars(option.value.data(), end, limit);
  if (error == std::errc() && read == end && limit >= 0) return limit;
  return statement.text.script->error_at(
      option.value_begin, ErrorKind::kInvalidArgument,
      fmt::format("limit = {}: a whole number of rows, 0 or more, is expected",
                  option.value));
}

}  // namespace

Result<PipelineOptions> read_pipeline_options(const Statement& statement) {
  PipelineOptions options;
  for (const PipelineOption& option : statement.options) {
    if (option.name == "limit") {
      ARROW_ASSIGN_OR_RAISE(options.limit, read_limit(statement, option));
      continue;
    }
    const Status status = check_option(option.name, option.value);
    if (status.ok()) continue;
    return statement.text.script->error_at(option.begin, kind_of(status),
                                           status.message());
  }
  return options;
}

Status check_pipeline_defaults(
    const std::vector<std::pair<std::string, std::string>>& defaults) {
  for (const auto& [name, value] : defaults) {
    ARROW_RETURN_NOT_OK(annotate(check_option(name, value), "[pipeline]"));
  }
  return Status::OK();
}

}  // namespace velo::sql
