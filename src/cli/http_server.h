#pragma once

/// A small HTTP server: CivetWeb, opened when it is first needed.

#include <functional>
#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo::cli {

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Answers a GET of a path. Called from any thread.
using HttpHandler = std::function<HttpAnswer(std::string_view path)>;

/// Serve until the process ends (one server in a process), which does not wait for who is
/// being served. `address` is an IPv4 one of the machine's, as a number; port 0 is any
/// that is free. Returns the port. Errors: kInvalidArgument, kAlreadyExists where the
/// port is taken, kPermissionDenied; kNotFound where CivetWeb is not installed.
Result<int> serve_http(const std::string& address, int port, HttpHandler handler);

}  // namespace velo::cli
