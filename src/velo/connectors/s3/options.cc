#include "velo/connectors/s3/options.h"

#include <fmt/format.h>

#include <cstdlib>
#include <initializer_list>
#include <utility>

namespace velo::s3 {
namespace {

constexpr char kDefaultRegion[] = "us-east-1";

Status invalid(const std::string& shown, std::string message) {
  return make_error(ErrorKind::kInvalidArgument, {.connector = "s3", .resource = shown},
                    std::move(message));
}

// The first that is set.
std::string from_environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value && *value) return value;
  }
  return "";
}

std::string given_or(const OptionValues& values, std::string_view option,
                     std::initializer_list<const char*> names) {
  return values.has(option) ? values.text(option) : from_environment(names);
}

Status read_bucket(const Uri& uri, const std::string& shown,
                   storage::S3Address& address) {
  if (uri.hosts.empty() || uri.hosts[0].name.empty()) {
    return invalid(shown, "which bucket? s3://BUCKET/KEY");
  }
  if (uri.hosts.size() > 1) return invalid(shown, "one bucket, please");
  if (uri.hosts[0].port) {
    return invalid(shown, fmt::format("'{0}' stands where the bucket does, and has a "
                                      "port; s3://BUCKET/KEY?endpoint=http://{0}:{1} "
                                      "names another server",
                                      uri.hosts[0].name, *uri.hosts[0].port));
  }
  address.bucket = uri.hosts[0].name;
  return Status::OK();
}

Status read_endpoint(const OptionValues& values, const std::string& shown,
                     storage::S3Address& address) {
  address.endpoint =
      given_or(values, "endpoint", {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  const std::string& endpoint = address.endpoint;
  const bool is_url = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  if (endpoint.empty()) return Status::OK();
  if (!is_url || endpoint.find_first_of("?#@ ") != std::string::npos ||
      endpoint.ends_with("://")) {
    return invalid(shown, fmt::format("endpoint={}: http://HOST:PORT or https://HOST",
                                      values.has("endpoint") ? endpoint : "…"));
  }
  return Status::OK();
}

// All of one place: a key of the URI does not meet a secret of the environment.
Status read_credentials(const Uri& uri, const OptionValues& values,
                        const std::string& shown, storage::S3Address& address) {
  if (values.boolean("anonymous")) return Status::OK();
  http::Credentials keys;
  if (uri.user) {
    keys = {.access_key_id = *uri.user,
            .secret_access_key = uri.password.value_or(""),
            .session_token = values.text("session_token")};
  } else if (values.has("access_key_id") || values.has("secret_access_key")) {
    keys = {.access_key_id = values.text("access_key_id"),
            .secret_access_key = values.text("secret_access_key"),
            .session_token = values.text("session_token")};
  } else {
    keys = {.access_key_id = from_environment({"AWS_ACCESS_KEY_ID"}),
            .secret_access_key = from_environment({"AWS_SECRET_ACCESS_KEY"}),
            .session_token = from_environment({"AWS_SESSION_TOKEN"})};
  }
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) {
    const bool has_neither = keys.access_key_id.empty() && keys.secret_access_key.empty();
    return make_error(
        ErrorKind::kUnauthenticated, {.connector = "s3", .resource = shown},
        fmt::format("{}; give access_key_id= and secret_access_key=, or set "
                    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or say anonymous=true "
                    "for what all may read",
                    has_neither                  ? "no keys to ask with"
                    : keys.access_key_id.empty() ? "a secret key without its id"
                                                 : "a key id without its secret"));
  }
  address.credentials = std::move(keys);
  return Status::OK();
}

// As a pattern of keys; "/" for the whole bucket, so that it counts as a directory.
std::string key_pattern(const Uri& uri) {
  std::string pattern = uri.path.starts_with('/') ? uri.path.substr(1) : uri.path;
  return pattern.empty() ? "/" : pattern;
}

// Keys may be changed for others while a pipeline goes on.
std::string identity_of(Uri uri) {
  uri.user.reset();
  uri.password.reset();
  std::erase_if(uri.options, [](const auto& option) {
    return option.first == "access_key_id" || option.first == "secret_access_key" ||
           option.first == "session_token" || option.first == "anonymous";
  });
  return redact_uri(uri);
}

}  // namespace

std::vector<OptionDescriptor> S3Options::descriptors() {
  return FilesetOptions::descriptors({
      {.name = "region",
       .doc = "The bucket's region; else AWS_REGION, AWS_DEFAULT_REGION, us-east-1."},
      {.name = "endpoint",
       .doc = "A server that is not Amazon's, http://host:port; else "
              "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL."},
      {.name = "access_key_id", .doc = "Who asks; else AWS_ACCESS_KEY_ID."},
      {.name = "secret_access_key",
       .doc = "The secret to it; else AWS_SECRET_ACCESS_KEY.",
       .secret = true},
      {.name = "session_token",
       .doc = "With keys that end: their token; else AWS_SESSION_TOKEN.",
       .secret = true},
      {.name = "anonymous",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "Ask without keys, as all may."},
      {.name = "profile",
       .doc = "Keys of a profile in ~/.aws, or of the machine's role.",
       .not_yet = true},
  });
}

Result<S3Options> S3Options::from_uri(const Uri& uri, OptionUse use) {
  Uri place = uri;
  place.options.clear();
  place.user.reset();
  place.password.reset();
  const std::string shown = redact_uri(place);
  ARROW_ASSIGN_OR_RAISE(auto values, OptionValues::parse(uri, descriptors(), use));
  S3Options options;
  ARROW_RETURN_NOT_OK(read_bucket(uri, shown, options.address));
  ARROW_RETURN_NOT_OK(read_endpoint(values, shown, options.address));
  options.address.region =
      given_or(values, "region", {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (options.address.region.empty()) options.address.region = kDefaultRegion;
  ARROW_RETURN_NOT_OK(read_credentials(uri, values, shown, options.address));
  place.path = key_pattern(uri);
  ARROW_ASSIGN_OR_RAISE(static_cast<FilesetOptions&>(options),
                        FilesetOptions::from_uri(place, std::move(values), use));
  options.identity = identity_of(without_limits(uri));
  if (options.pattern == "/") options.pattern.clear();
  return options;
}

}  // namespace velo::s3
