#pragma once

/// Names of tables in one text: "orders", "orders,items", "sales_*", "\"a,b\"".

#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo {

/// A name, or a pattern of names.
struct NamePattern {
  std::string text;
  bool is_pattern = false;  ///< whether '*' stands for any characters

  bool matches(std::string_view name) const;
};

/// Commas stand between names, '*' in a name for any characters. A name in double quotes
/// stands for itself, a quote in it being written twice. Spaces around names do not
/// count. Errors: kInvalidArgument for an empty name and a quote that is not closed.
Result<std::vector<NamePattern>> parse_names(std::string_view text);

/// A name as parse_names() reads it back: quoted, where it needs that.
std::string print_name(std::string_view name);

}  // namespace velo
