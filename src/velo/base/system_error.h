#pragma once

/// The operating system's error numbers, as kinds and as words.

#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo {

/// Classify an errno value. Source: errno(3).
ErrorKind classify_errno(int number);

/// Make an error of an errno value about a path: "PATH: cannot ACTION: REASON; what to
/// do".
Status errno_error(int number, std::string_view action, std::string path);

/// Give a failed Arrow status, from a call about `path`, the kind of the errno inside it.
/// A status that already has a kind passes unchanged.
Status with_system_kind(Status status, std::string_view action, std::string path);

}  // namespace velo
