#include "velo/formats/text/line_pattern.h"

#include <arrow/array/util.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

namespace velo::formats {

Result<LinePattern> LinePattern::parse(const std::string& pattern) {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  LinePattern parsed;
  parsed.whole_line_ = "^(?:" + pattern + ")$";
  ARROW_ASSIGN_OR_RAISE(const auto nothing, arrow::MakeEmptyArray(arrow::utf8()));
  const auto refused = [&](const std::string& why) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("pattern='{}': {}", pattern, why));
  };
  const auto groups = parsed.match(nothing);
  if (!groups.ok()) return refused(groups.status().message());
  if ((*groups)->num_fields() == 0) {
    return refused("it has no named group, (?P<name>…), to make a column of");
  }
  parsed.schema_ = arrow::schema((*groups)->type()->fields());
  return parsed;
}

Result<std::shared_ptr<arrow::StructArray>> LinePattern::match(
    const std::shared_ptr<arrow::Array>& lines) const {
  const arrow::compute::ExtractRegexOptions options(whole_line_);
  ARROW_ASSIGN_OR_RAISE(const auto groups,
                        arrow::compute::CallFunction("extract_regex", {lines}, &options));
  return std::static_pointer_cast<arrow::StructArray>(groups.make_array());
}

}  // namespace velo::formats
