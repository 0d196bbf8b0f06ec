#pragma once

#include <string>
#include <vector>

namespace velo::cli {

/// What `velo dlq` can be told to do.
std::vector<std::string> dlq_actions();

}  // namespace velo::cli
