#pragma once

/// What `velo verify` says.

#include <string>

#include "velo/api.h"

namespace velo::cli {

/// What was compared.
struct VerifiedEnds {
  std::string source;  ///< without secrets
  std::string sink;
};

/// For people, with a newline at the end.
std::string text_of(const VerifiedEnds& ends, const Verification& verification);

/// One object, with a newline at the end. Stable: members may be added.
std::string json_of(const VerifiedEnds& ends, const Verification& verification);

}  // namespace velo::cli
