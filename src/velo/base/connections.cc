#include "velo/connections.h"

#include <fmt/format.h>

#include <utility>

#include "velo/options.h"

namespace velo {
namespace {

Status unknown_connection(std::string_view name, std::string_view file_name,
                          const std::vector<std::pair<std::string, Uri>>& connections) {
  std::vector<std::string_view> names;
  for (const auto& connection : connections) names.push_back(connection.first);
  const std::string_view nearest = nearest_name(name, names);
  std::string advice = fmt::format("write [connections.{}] into velo.toml", name);
  if (!nearest.empty()) {
    advice = fmt::format("did you mean '@{}'?", nearest);
  } else if (!names.empty()) {
    advice = fmt::format("{} has {}", file_name, fmt::join(names, ", "));
  }
  return make_error(ErrorKind::kInvalidArgument, {.resource = fmt::format("@{}", name)},
                    fmt::format("no connection has this name; {}", advice));
}

std::string joined_path(std::string_view path, std::string_view more) {
  if (path.ends_with('/') && more.starts_with('/')) more.remove_prefix(1);
  return fmt::format("{}{}", path, more);
}

bool is_of_host(const Uri& uri, std::string_view scheme, const std::string& host) {
  return uri.scheme == scheme && uri.hosts.size() == 1 && uri.hosts[0].name == host;
}

// What the address does not say itself.
void add_options(const Uri& from, Uri& to) {
  for (const auto& option : from.options) {
    if (to.find_option(option.first) == nullptr) to.options.push_back(option);
  }
}

}  // namespace

const Uri* Connections::find(std::string_view name) const {
  for (const auto& [known, uri] : connections_) {
    if (known == name) return &uri;
  }
  return nullptr;
}

Result<Uri> Connections::resolve(const Uri& uri) const {
  if (uri.scheme != "@") {
    Uri completed = uri;
    const std::string host = uri.hosts.empty() ? "" : uri.hosts.front().name;
    const Uri* own = find(host);
    if (own && is_of_host(uri, own->scheme, host) &&
        is_of_host(*own, own->scheme, host)) {
      add_options(*own, completed);
    }
    return completed;
  }
  const std::string_view name = uri.hosts.front().name;
  const Uri* connection = find(name);
  if (connection == nullptr) return unknown_connection(name, file_name_, connections_);
  Uri resolved = *connection;
  resolved.path = joined_path(resolved.path, uri.path);
  for (const auto& [option, value] : uri.options) {
    std::erase_if(resolved.options,
                  [&](const auto& inherited) { return inherited.first == option; });
    resolved.options.emplace_back(option, value);
  }
  // A path or an option can make an address that is none: "stdout:" takes no path.
  ARROW_RETURN_NOT_OK(parse_uri(print_uri(resolved)));
  return resolved;
}

}  // namespace velo
