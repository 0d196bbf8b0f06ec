#pragma once

#include <string>

namespace velo {

/// What time it is, for people: "2026-01-31T12:00:00Z". Threads: safe.
std::string utc_now();

}  // namespace velo
