#include "velo/http/sigv4.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "velo/base/ascii.h"
#include "velo/base/hex.h"
#include "velo/base/sha256.h"

namespace velo::http {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

struct UrlParts {
  std::string host;  // with its port, where that is not the scheme's own
  std::string path;
  std::string query;
};

UrlParts split_url(std::string_view url) {
  UrlParts parts;
  const bool is_tls = url.starts_with("https://");
  url.remove_prefix(url.find("://") + 3);
  const size_t question = url.find('?');
  if (question != std::string_view::npos) parts.query = url.substr(question + 1);
  url = url.substr(0, question);
  const size_t slash = std::min(url.find('/'), url.size());
  parts.host = ascii_lower(url.substr(0, slash));
  const std::string_view own_port = is_tls ? ":443" : ":80";
  if (parts.host.ends_with(own_port)) {
    parts.host.erase(parts.host.size() - own_port.size());
  }
  parts.path = slash == url.size() ? "/" : url.substr(slash);
  return parts;
}

// "b=2&a" -> "a=&b=2". Names and values are encoded already.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    const size_t equals = std::min(one.find('='), one.size());
    parameters.emplace_back(one.substr(0, equals),
                            one.substr(std::min(equals + 1, one.size())));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  std::ranges::sort(parameters);
  std::string text;
  for (const auto& [name, value] : parameters) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  }
  return text;
}

}  // namespace

void sign(Request& request, const Credentials& credentials, const SigningScope& scope,
          std::chrono::system_clock::time_point now) {
  const auto utc = fmt::gmtime(std::chrono::system_clock::to_time_t(now));
  const std::string time = fmt::format("{:%Y%m%dT%H%M%SZ}", utc);
  const std::string day = time.substr(0, 8);
  const std::string body_hash = sha256_hex(request.text.view());
  request.headers.emplace_back("x-amz-date", time);
  request.headers.emplace_back("x-amz-content-sha256", body_hash);
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", credentials.session_token);
  }

  const UrlParts url = split_url(request.url);
  Headers headers = {{"host", url.host}};
  for (const auto& [name, value] : request.headers) {
    headers.emplace_back(ascii_lower(name), trim(value));
  }
  std::ranges::sort(headers);
  std::string lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    lines += fmt::format("{}:{}\n", name, value);
    names += fmt::format("{}{}", names.empty() ? "" : ";", name);
  }

  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, url.path,
                  canonical_query(url.query), lines, names, body_hash);
  const std::string place =
      fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, place, sha256_hex(canonical));
  std::string key = hmac_sha256("AWS4" + credentials.secret_access_key, day);
  key = hmac_sha256(key, scope.region);
  key = hmac_sha256(key, scope.service);
  key = hmac_sha256(key, "aws4_request");
  request.headers.emplace_back(
      "authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                   kAlgorithm, credentials.access_key_id, place, names,
                                   hex_encode(hmac_sha256(key, to_sign))));
}

}  // namespace velo::http
