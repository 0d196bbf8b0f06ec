#pragma once

#include "velo/error.h"

namespace velo::http {

/// What kind of failure an HTTP status from 400 on says. Source: RFC 9110, 6585.
ErrorKind classify_status(int status);

/// What kind of failure one of libcurl's codes says. Source: libcurl-errors(3).
ErrorKind classify_curl_code(int code);

}  // namespace velo::http
