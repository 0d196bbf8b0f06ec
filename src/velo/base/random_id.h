#pragma once

#include <string>

namespace velo {

/// A name that nobody else has: 16 hexadecimal digits of the machine's randomness.
/// Threads: safe.
std::string random_id();

}  // namespace velo
