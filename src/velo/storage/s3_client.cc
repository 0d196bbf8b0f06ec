#include "velo/storage/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/backoff.h"
#include "velo/base/clock.h"
#include "velo/base/percent_encoding.h"
#include "velo/storage/s3_error.h"

namespace velo::storage {
namespace {

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::seconds kLongestPause{10};
constexpr std::chrono::milliseconds kIdleTimeout{60'000};
// Of the answers that are read whole: listings, manifests.
constexpr size_t kMaxAnswerBytes = size_t{256} << 20;
constexpr size_t kMaxErrorBytes = size_t{1} << 20;

// What a client sends to is in the path, or before the service's name.
std::string base_url_of(const S3Address& address) {
  if (!address.endpoint.empty()) {
    std::string endpoint = address.endpoint;
    while (endpoint.ends_with('/')) endpoint.pop_back();
    return fmt::format("{}/{}", endpoint, http::encode_component(address.bucket));
  }
  const bool is_china = address.region.starts_with("cn-");
  const std::string service =
      fmt::format("s3.{}.amazonaws.com{}", address.region, is_china ? ".cn" : "");
  // A certificate for *.s3… covers no name with a dot in it.
  if (address.bucket.find('.') != std::string::npos) {
    return fmt::format("https://{}/{}", service, address.bucket);
  }
  return fmt::format("https://{}.{}", address.bucket, service);
}

}  // namespace

std::string_view S3Answer::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &http::Headers::value_type::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Result<std::shared_ptr<S3Client>> S3Client::make(S3Address address) {
  std::string base_url = base_url_of(address);
  std::shared_ptr<S3Client> client(new S3Client(std::move(address), std::move(base_url)));
  // What is missing on this machine is said at once.
  ARROW_ASSIGN_OR_RAISE(auto first, client->take_client());
  client->give_back(std::move(first));
  return client;
}

std::string S3Client::shown(std::string_view key) const {
  std::string text = fmt::format("s3://{}/", address_.bucket);
  for (const char c : key) {
    const bool stays = static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
    text += stays ? std::string(1, c) : escape_of(c);
  }
  return text;
}

ErrorContext S3Client::context(std::string_view key) const {
  return {.connector = "s3", .resource = shown(key)};
}

// What is listed is called by its prefix. A bucket alone does not tell which of several
// stores it is in.
ErrorContext S3Client::context_of_connection(const S3Request& request) const {
  const auto prefix =
      std::ranges::find(request.query, "prefix", &http::Headers::value_type::first);
  const bool is_listed = request.key.empty() && prefix != request.query.end();
  ErrorContext where = context(is_listed ? prefix->second : request.key);
  const bool may_be_shown = address_.endpoint.find('@') == std::string::npos;
  if (!address_.endpoint.empty() && may_be_shown) {
    where.resource += " at " + address_.endpoint;
  }
  return where;
}

http::Request S3Client::signed_request(const S3Request& request) const {
  http::Request sent{.method = request.method,
                     .url = base_url_ + "/" + http::encode_component(request.key, "/"),
                     .headers = request.headers,
                     .text = request.text,
                     .context = context_of_connection(request)};
  if (!request.query.empty()) sent.url += "?" + http::query_string(request.query);
  if (request.method == "PUT" || request.method == "POST") {
    sent.headers.emplace_back("Content-Type", "application/octet-stream");
  }
  if (address_.credentials) {
    http::sign(sent, *address_.credentials, {.region = address_.region, .service = "s3"},
               std::chrono::system_clock::now());
  }
  return sent;
}

Result<std::unique_ptr<http::Client>> S3Client::take_client() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto client = std::move(idle_.back());
      idle_.pop_back();
      return client;
    }
  }
  return http::Client::make({.context = context(""), .idle_timeout = kIdleTimeout});
}

void S3Client::give_back(std::unique_ptr<http::Client> client) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
}

Result<S3Answer> S3Client::send(const S3Request& request, std::stop_token stop) {
  Backoff backoff(kFirstPause, kLongestPause);
  for (int attempt = 1;; ++attempt) {
    const auto answer = [&]() -> Result<S3Answer> {
      ARROW_ASSIGN_OR_RAISE(auto client, start_once(request, stop));
      S3Answer whole{
          .status = client->status(), .headers = client->headers(), .body = {}};
      while (true) {
        ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, client->read(stop));
        if (bytes.empty()) break;
        whole.body += bytes;
        if (whole.body.size() > kMaxAnswerBytes) {
          return make_error(
              ErrorKind::kCorruptData, context(request.key),
              fmt::format("the answer has more than {} bytes", kMaxAnswerBytes));
        }
      }
      give_back(std::move(client));
      // A completion may fail after its status was sent.
      if (request.method == "POST" && is_s3_error(whole.body)) {
        return s3_error(whole.status, whole.body, context(request.key));
      }
      return whole;
    }();
    if (answer.ok() || !is_retryable(answer.status()) ||
        attempt >= request.max_attempts ||
        !steady_clock().wait_for(backoff.next(), stop)) {
      return answer;
    }
  }
}

Result<std::unique_ptr<http::Client>> S3Client::start(const S3Request& request,
                                                      std::stop_token stop) {
  Backoff backoff(kFirstPause, kLongestPause);
  for (int attempt = 1;; ++attempt) {
    auto client = start_once(request, stop);
    if (client.ok() || !is_retryable(client.status()) ||
        attempt >= request.max_attempts ||
        !steady_clock().wait_for(backoff.next(), stop)) {
      return client;
    }
  }
}

Result<std::unique_ptr<http::Client>> S3Client::start_once(const S3Request& request,
                                                           const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(auto client, take_client());
  ARROW_RETURN_NOT_OK(client->start(signed_request(request), stop));
  if (client->status() < 300) return client;
  Status failure = failure_of(request, *client, stop);
  give_back(std::move(client));
  return failure;
}

Status S3Client::failure_of(const S3Request& request, http::Client& client,
                            const std::stop_token& stop) const {
  const int status = client.status();
  std::string body;
  while (body.size() < kMaxErrorBytes) {
    const auto bytes = client.read(stop);
    if (!bytes.ok() || bytes->empty()) break;
    body += *bytes;
  }
  ErrorContext where = context(request.key);
  where.retry_after = client.retry_after();
  return s3_error(status, body, std::move(where));
}

}  // namespace velo::storage
