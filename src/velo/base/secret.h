#pragma once

/// References to secrets: `${env:NAME}` is an environment variable (letters, digits,
/// '_'),
/// `${file:/path}` the content of a file. They stand in the user, the password and the
/// option values of a URI, and are read only when a connection is made. `$${` stands for
/// a literal `${`.

#include <cstddef>
#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/uri.h"

namespace velo {

/// The end of the reference that begins at `begin`, or `begin` if none does.
size_t secret_reference_end(std::string_view text, size_t begin);

/// The first character at or after `begin` that is one of `stops` and not inside a
/// reference, or npos.
size_t find_outside_references(std::string_view text, std::string_view stops,
                               size_t begin = 0);

/// Replace every reference by what it refers to, once: what was read is not looked at
/// again. A file's trailing newline is left out. Errors: kInvalidArgument (a variable
/// that is not set, an unknown kind of reference), kNotFound, kPermissionDenied, kSystem.
/// The message names the reference, never its value.
Result<Uri> expand_secrets(Uri uri);

/// A text that means itself, as it is written where references may stand.
std::string escape_references(std::string text);

}  // namespace velo
