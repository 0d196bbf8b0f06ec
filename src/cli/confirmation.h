#pragma once

/// Asking a person.

#include <string>

#include "velo/error.h"

namespace velo::cli {

/// Ask "QUESTION? [y/N] " of who is at standard input. Errors: kInvalidArgument, of
/// `resource`, where nobody is.
Result<bool> is_confirmed(const std::string& question, const std::string& resource);

}  // namespace velo::cli
