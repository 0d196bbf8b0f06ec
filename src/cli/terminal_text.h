#pragma once

/// Text for people, who may read it in a terminal.

#include <string>
#include <string_view>

namespace velo::cli {

/// Names and values may have any bytes, and some of them would move the cursor, or more:
/// "\x1b". Control characters but newlines and tabs are written as `\x1b`; what else
/// there is stays.
std::string for_terminal(std::string_view text);

}  // namespace velo::cli
