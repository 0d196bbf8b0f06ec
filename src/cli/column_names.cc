#include "column_names.h"

namespace velo::cli {

std::vector<std::string> names_in(const std::string& list) {
  if (list.empty()) return {};
  std::vector<std::string> names(1);
  bool is_quoted = false;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '"' && is_quoted && list.substr(i + 1).starts_with('"')) {
      names.back() += list[++i];
    } else if (list[i] == '"' && (is_quoted || names.back().empty())) {
      is_quoted = !is_quoted;
    } else if (list[i] == ',' && !is_quoted) {
      names.emplace_back();
    } else {
      names.back() += list[i];
    }
  }
  return names;
}

}  // namespace velo::cli
