#include <algorithm>

#include "velo/formats/csv/format.h"
#include "velo/formats/format.h"
#include "velo/formats/json/format.h"
#include "velo/formats/parquet/format.h"

namespace velo::formats {

const std::vector<const Format*>& all_formats() {
  static const std::vector<const Format*> formats = {&csv_format(), &json_format(),
                                                     &parquet_format()};
  return formats;
}

const Format* find_format(std::string_view name) {
  for (const Format* format : all_formats()) {
    if (format->name == name) return format;
  }
  return nullptr;
}

std::vector<OptionDescriptor> all_format_options() {
  std::vector<OptionDescriptor> options;
  for (const Format* format : all_formats()) {
    for (const OptionDescriptor& option : format->options) {
      const bool known = std::ranges::any_of(
          options, [&](const auto& other) { return other.name == option.name; });
      if (!known) options.push_back(option);
    }
  }
  return options;
}

}  // namespace velo::formats
