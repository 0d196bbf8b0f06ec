#include "velo/sql/plan_tree.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace velo::sql {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Json& part : value) {
    text += (text.empty() ? "" : ", ") + text_of(part);
  }
  return text;
}

// What an operator does; estimates, which know nothing of our sources, are left out.
std::string details_of(const Json& info) {
  std::string text;
  if (!info.is_object()) return text;
  for (const auto& [key, value] : info.items()) {
    if (key == "Estimated Cardinality" || key == "Function") continue;
    text += fmt::format("{} {}: {}", text.empty() ? "" : ";", key, text_of(value));
  }
  return text;
}

void add_lines(const Json& node, size_t depth, std::vector<std::string>& lines) {
  if (!node.is_object()) return;
  const auto name = node.find("name");
  const auto info = node.find("extra_info");
  lines.push_back(fmt::format("{}{}{}", std::string(2 * depth, ' '),
                              name == node.end() ? "?" : text_of(*name),
                              info == node.end() ? "" : details_of(*info)));
  const auto children = node.find("children");
  if (children == node.end()) return;
  for (const Json& child : *children) add_lines(child, depth + 1, lines);
}

}  // namespace

Result<std::vector<std::string>> plan_lines(std::string_view json) {
  const Json tree = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!tree.is_array()) {
    return make_error(ErrorKind::kInternal, {}, "DuckDB's plan is not known");
  }
  std::vector<std::string> lines;
  for (const Json& node : tree) add_lines(node, 0, lines);
  return lines;
}

}  // namespace velo::sql
