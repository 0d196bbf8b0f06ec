#pragma once

#include <string>
#include <vector>

namespace velo::cli {

/// The names of columns that an option lists: id,total,"a,b". A name in double quotes may
/// hold a comma, and a quote twice; none where nothing is said.
std::vector<std::string> names_in(const std::string& list);

}  // namespace velo::cli
