#pragma once

/// Requests to one bucket of S3, or of what speaks its protocol.

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"
#include "velo/http/client.h"
#include "velo/http/sigv4.h"

namespace velo::storage {

/// Where a bucket is, and who asks.
struct S3Address {
  std::string bucket;
  std::string region;
  std::string endpoint;  ///< "http://127.0.0.1:8333"; empty for Amazon's own
  std::optional<http::Credentials> credentials;  ///< nullopt: requests are not signed
};

struct S3Request {
  std::string method = "GET";
  std::string key;  ///< empty: of the bucket itself
  http::Headers query = {};
  http::Headers headers = {};
  http::SharedText text = {};
  int max_attempts =
      6;  ///< all in all about three seconds, where the server is not there
};

struct S3Answer {
  int status = 0;
  http::Headers headers;  ///< names in lower case
  std::string body;

  /// Empty where it is not there.
  std::string_view header(std::string_view name) const;
};

/// Sends requests, signed, and again after a while where that may help: all calls are
/// such that a repetition does no harm. Threads: safe. Every call ends soon after `stop`
/// was requested, with kCancelled. Errors: by the code that the service gives, which is
/// the vendor code, with its words; of the connection, by http::classify_curl_code, with
/// what was asked for and the endpoint.
class S3Client {
 public:
  static Result<std::shared_ptr<S3Client>> make(S3Address address);

  /// Send a request and read its answer, of a status below 300.
  Result<S3Answer> send(const S3Request& request, std::stop_token stop = {});

  /// Send a request, and leave its body to read from the client that is returned.
  Result<std::unique_ptr<http::Client>> start(const S3Request& request,
                                              std::stop_token stop);

  /// Give a client back whose answer was read to its end: its connection is kept.
  void give_back(std::unique_ptr<http::Client> client);

  /// How messages call a key: "s3://bucket/key".
  std::string shown(std::string_view key) const;
  ErrorContext context(std::string_view key) const;

 private:
  S3Client(S3Address address, std::string base_url)
      : address_(std::move(address)), base_url_(std::move(base_url)) {}

  ErrorContext context_of_connection(const S3Request& request) const;
  http::Request signed_request(const S3Request& request) const;
  Result<std::unique_ptr<http::Client>> take_client();
  Result<std::unique_ptr<http::Client>> start_once(const S3Request& request,
                                                   const std::stop_token& stop);
  Status failure_of(const S3Request& request, http::Client& client,
                    const std::stop_token& stop) const;

  const S3Address address_;
  const std::string base_url_;  // of the bucket, without a slash at its end
  std::mutex mutex_;
  std::vector<std::unique_ptr<http::Client>> idle_;
};

}  // namespace velo::storage
