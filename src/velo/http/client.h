#pragma once

/// HTTP requests, one after the other, over connections that are kept.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/error.h"
#include "velo/http/shared_text.h"

namespace velo::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What a request sends, piece by piece.
class Body {
 public:
  virtual ~Body() = default;

  /// Copy the next bytes into `to`, and say how many; 0 at the end. Errors: any kind; the
  /// request then fails with it.
  virtual Result<size_t> read(std::span<char> to) = 0;

  /// How many there are in all; nullopt where that is not known: they go in chunks.
  virtual std::optional<int64_t> num_bytes() const { return std::nullopt; }
};

struct Request {
  std::string method = "GET";
  std::string url;  ///< sent as it is: a path of "a/../b" stays one
  Headers headers;
  SharedText text;  ///< sent as the body, where there is no `body`
  /// Sent over a new connection, and never twice: over a kept one that turns out to be
  /// dead a request may be repeated, which the server may have carried out.
  Body* body = nullptr;
  /// Of its errors; nullopt: the client's.
  std::optional<ErrorContext> context = std::nullopt;
};

struct Answer {
  int status = 0;
  std::string body;
};

struct ClientOptions {
  ErrorContext context;  ///< of errors: the connector and the address
  std::chrono::milliseconds connect_timeout{10'000};
  /// The longest that nothing may move, in either direction.
  std::chrono::milliseconds idle_timeout{600'000};
};

/// One request at a time. Threads: thread-compatible. Every call ends soon after `stop`
/// was requested, with kCancelled. Errors: of the connection, by classify_curl_code; an
/// answer of any status is none. Destruction ends a request that is under way.
class Client {
 public:
  /// Errors: kNotFound where libcurl is not installed.
  static Result<std::unique_ptr<Client>> make(ClientOptions options);
  virtual ~Client() = default;

  /// Send a request and wait for the head of its answer. One before it is dropped.
  virtual Status start(const Request& request, std::stop_token stop) = 0;

  /// Of the last answer; a header's name in any case, nullptr where it is not there.
  virtual int status() const = 0;
  virtual const std::string* header(std::string_view name) const = 0;
  /// All of them, their names in lower case.
  virtual const Headers& headers() const = 0;

  /// How long the last answer asks to be left alone: its Retry-After (RFC 9110 §10.2.3),
  /// a date being counted from the answer's own, or from now where it has none.
  std::optional<std::chrono::milliseconds> retry_after() const;

  /// Read the next bytes of the answer; empty at its end. They live until the next call.
  /// Only so much is taken from the server as is read here.
  virtual Result<std::string_view> read(std::stop_token stop) = 0;

  /// Send a request and read the whole answer. Errors: also kCorruptData, where it is
  /// longer than `max_bytes`.
  Result<Answer> send(const Request& request, size_t max_bytes, std::stop_token stop);
};

/// A query string: `name=value&…`, all but letters, digits, '-', '_', '.' and '~'
/// encoded.
std::string query_string(const Headers& parameters);

/// The same for one name or value. `allowed` stays as it is too.
std::string encode_component(std::string_view text, std::string_view allowed = {});

}  // namespace velo::http
