#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/parse_number.h"
#include "velo/base/percent_encoding.h"
#include "velo/base/secret.h"
#include "velo/base/uri_parser.h"

namespace velo {
namespace {

bool is_ipv6_address(std::string name) {
  // RFC 6874: a zone may follow the address, after '%'.
  if (const size_t zone = name.find('%'); zone != std::string::npos) {
    const bool zone_is_simple = std::all_of(
        name.begin() + static_cast<ptrdiff_t>(zone) + 1, name.end(), [](char c) {
          return is_ascii_letter(c) || is_ascii_digit(c) || is_one_of(c, "-._~");
        });
    if (!zone_is_simple || zone + 1 == name.size()) return false;
    name.resize(zone);
  }
  in6_addr address;
  return inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

}  // namespace

Status UriParser::parse_authority(std::string_view authority) {
  size_t last_at = std::string_view::npos;
  for (size_t at = find_outside_references(authority, "@"); at != std::string_view::npos;
       at = find_outside_references(authority, "@", at + 1)) {
    last_at = at;
  }
  if (last_at != std::string_view::npos) {
    ARROW_RETURN_NOT_OK(parse_user(authority.substr(0, last_at)));
    authority.remove_prefix(last_at + 1);
  }
  return authority.empty() ? Status::OK() : parse_hosts(authority);
}

Status UriParser::parse_user(std::string_view user) {
  if (user.empty()) return fail(user, "before '@' a user is missing");
  const size_t colon = find_outside_references(user, ":");
  if (colon != 0) {
    ARROW_ASSIGN_OR_RAISE(uri_.user, decode(user.substr(0, colon)));
  }
  if (colon != std::string_view::npos) {
    ARROW_ASSIGN_OR_RAISE(uri_.password, decode(user.substr(colon + 1)));
  }
  return Status::OK();
}

Status UriParser::parse_hosts(std::string_view hosts) {
  while (true) {
    const size_t comma = hosts.find(',');
    ARROW_RETURN_NOT_OK(parse_host(hosts.substr(0, comma)));
    if (comma == std::string_view::npos) return Status::OK();
    hosts.remove_prefix(comma + 1);
  }
}

Status UriParser::parse_host(std::string_view host) {
  const bool in_brackets = host.starts_with('[');
  const size_t bracket = in_brackets ? host.find(']') : 0;
  if (bracket == std::string_view::npos) return fail(host, "']' is missing");
  const size_t colon = host.find(':', bracket);
  std::string_view name = host.substr(0, colon);
  if (in_brackets) {
    if (name.size() != bracket + 1)
      return fail(host.substr(bracket + 1), "after ']' comes ':' and a port");
    name = name.substr(1, bracket - 1);
  }
  Uri::Host parsed;
  ARROW_ASSIGN_OR_RAISE(parsed.name, parse_host_name(name));
  const bool must_be_address = in_brackets || parsed.name.find(':') != std::string::npos;
  if (must_be_address && !is_ipv6_address(parsed.name)) {
    return fail(name, "this is not an IPv6 address, as in [::1]:5432");
  }
  if (colon != std::string_view::npos) {
    ARROW_ASSIGN_OR_RAISE(parsed.port, parse_port(host.substr(colon + 1)));
  } else if (parsed.name.empty()) {
    return fail(host, "a host is missing");
  }
  uri_.hosts.push_back(std::move(parsed));
  return Status::OK();
}

Result<std::string> UriParser::parse_host_name(std::string_view name) const {
  const auto wrong = std::ranges::find_if(name, [](char c) {
    return is_ascii(c) && !is_ascii_letter(c) && !is_ascii_digit(c) &&
           !is_one_of(c, "-._~%:");
  });
  if (wrong == name.end()) return decode(name);
  return fail(
      name.substr(static_cast<size_t>(wrong - name.begin())),
      fmt::format("'{}' cannot stand in the name of a host; percent-encoded it is "
                  "{}",
                  *wrong, escape_of(*wrong)));
}

Result<uint16_t> UriParser::parse_port(std::string_view port) const {
  const auto number = parse_number<uint16_t>(port);
  if (number && *number > 0) return *number;
  return fail(
      port,
      "a port is a number from 1 to 65535; an IPv6 address stands in brackets, and "
      "in a password '/' is written %2F, '?' %3F, '#' %23");
}

}  // namespace velo
