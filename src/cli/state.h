#pragma once

#include <string>
#include <vector>

namespace velo::cli {

/// What `velo state` can be told to do: "show", "reset".
std::vector<std::string> state_actions();

}  // namespace velo::cli
