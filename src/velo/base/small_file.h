#pragma once

#include <cstddef>
#include <string>

#include "velo/error.h"

namespace velo {

/// Read a whole file that people write by hand: a secret, velo.toml.
/// Errors: those of classify_errno; kInvalidArgument if it has more than `max_bytes`.
Result<std::string> read_small_file(const std::string& path, size_t max_bytes);

}  // namespace velo
