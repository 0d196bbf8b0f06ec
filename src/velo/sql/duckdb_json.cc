#include "velo/sql/duckdb_json.h"

#include <algorithm>
#include <array>
#include <string>

namespace velo::sql {
namespace {

constexpr std::array<std::string_view, 3> kNoNumbers = {"Infinity", "-Infinity", "NaN"};

// The length of the string that begins `text`, with both quotes.
size_t length_of_string(std::string_view text) {
  size_t end = 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  return std::min(end + 1, text.size());
}

size_t length_of_no_number(std::string_view text) {
  for (const std::string_view name : kNoNumbers) {
    if (text.starts_with(name)) return name.size();
  }
  return 0;
}

std::string with_nulls(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    size_t length = length_of_no_number(text);
    if (length > 0) {
      plain += "null";
    } else {
      length = text.front() == '"' ? length_of_string(text) : 1;
      plain += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return plain;
}

}  // namespace

nlohmann::json parse_duckdb_json(std::string_view text) {
  auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_discarded()) return json;
  return nlohmann::json::parse(with_nulls(text), nullptr, /*allow_exceptions=*/false);
}

}  // namespace velo::sql
