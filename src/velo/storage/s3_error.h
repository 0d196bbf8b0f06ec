#pragma once

/// What S3 says when it refuses.

#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo::storage {

/// The kind of failure that an error code says, with the HTTP status that came with it.
/// Source: "Error responses", Amazon S3 API Reference.
ErrorKind classify_s3_error(std::string_view code, int status);

/// Make an error of an answer: its code is the vendor code, or the status where it says
/// none (to a HEAD).
Status s3_error(int status, std::string_view body, ErrorContext context);

/// Whether an answer's body is an error, whatever its status.
bool is_s3_error(std::string_view body);

}  // namespace velo::storage
