#pragma once

/// What `velo plan` says.

#include <string>
#include <vector>

#include "velo/api.h"

namespace velo::cli {

/// For people.
std::string text_of(const std::vector<StatementPlan>& plans);

/// One object, {"statements": […]}. Stable: members may be added.
std::string json_of(const std::vector<StatementPlan>& plans);

/// "exactly-once", "at-least-once".
std::string_view name_of(Guarantee guarantee);

}  // namespace velo::cli
