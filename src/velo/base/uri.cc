#include "velo/uri.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "velo/base/percent_encoding.h"
#include "velo/base/secret.h"
#include "velo/base/uri_path.h"
#include "velo/base/uri_redact.h"
#include "velo/base/uri_scheme.h"
#include "velo/base/utf8.h"

namespace velo {
namespace {

constexpr size_t kMaxUriBytes = size_t{1} << 20;
constexpr std::string_view kSlashes = "//";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

bool is_ipv6_address(std::string name) {
  // RFC 6874: a zone may follow the address, after '%'.
  if (const size_t zone = name.find('%'); zone != std::string::npos) {
    const bool zone_is_simple = std::all_of(
        name.begin() + static_cast<ptrdiff_t>(zone) + 1, name.end(),
        [](char c) { return is_letter(c) || is_digit(c) || is_one_of(c, "-._~"); });
    if (!zone_is_simple || zone + 1 == name.size()) return false;
    name.resize(zone);
  }
  in6_addr address;
  return inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

std::string escape_of(char c) {
  std::string escape;
  append_escape(escape, c);
  return escape;
}

// Every part is a view into text_, so that an error knows its offset.
class UriParser {
 public:
  // `prefix_bytes` of the text were put before what the user wrote.
  UriParser(std::string_view text, size_t prefix_bytes)
      : text_(text), prefix_bytes_(prefix_bytes) {}

  Result<Uri> parse();

 private:
  Status fail(std::string_view at, std::string message) const;
  Status check_text() const;
  Result<std::string_view> parse_scheme();
  Status parse_rest(std::string_view rest);
  Status parse_connection(std::string_view rest);
  Status parse_after_scheme(std::string_view rest);
  Status parse_file(std::string_view rest);
  Status parse_authority(std::string_view authority);
  Status parse_user(std::string_view user);
  Status parse_hosts(std::string_view hosts);
  Status parse_host(std::string_view host);
  Result<std::string> parse_host_name(std::string_view name) const;
  Result<uint16_t> parse_port(std::string_view port) const;
  Status parse_path_and_options(std::string_view rest);
  Status parse_path(std::string_view path);
  Status parse_options(std::string_view options);
  Status parse_option(std::string_view option);
  Result<char> decode_escape_at(std::string_view rest) const;
  Result<std::string> decode(std::string_view part) const;
  Status check_decoded(std::string_view part, const std::string& decoded) const;

  std::string_view text_;
  size_t prefix_bytes_;
  Uri uri_;
};

Status UriParser::fail(std::string_view at, std::string message) const {
  const auto offset = static_cast<size_t>(at.data() - text_.data());
  return make_error(
      ErrorKind::kInvalidArgument,
      {.connector = uri_.scheme,
       .resource = conceal_uri_text(text_),
       .position = fmt::format("offset {}", offset - std::min(offset, prefix_bytes_))},
      std::move(message));
}

Result<Uri> UriParser::parse() {
  ARROW_RETURN_NOT_OK(check_text());
  if (text_ == "-" || text_.starts_with("-?")) {
    uri_.scheme = "-";
    ARROW_RETURN_NOT_OK(parse_rest(text_.substr(1)));
  } else if (text_.starts_with('@')) {
    uri_.scheme = "@";
    ARROW_RETURN_NOT_OK(parse_connection(text_.substr(1)));
  } else {
    ARROW_ASSIGN_OR_RAISE(const std::string_view rest, parse_scheme());
    ARROW_RETURN_NOT_OK(parse_rest(rest));
  }
  return std::move(uri_);
}

Status UriParser::check_text() const {
  if (text_.empty()) {
    return fail(text_, "an address is missing: write a path, or scheme://host/path");
  }
  if (text_.size() > kMaxUriBytes) {
    return fail(text_.substr(kMaxUriBytes), "an address has 1 MiB at most");
  }
  const auto control = std::ranges::find_if(text_, is_control);
  if (control != text_.end()) {
    const auto at = text_.substr(static_cast<size_t>(control - text_.begin()));
    if (*control == '\0') return fail(at, "a zero byte cannot stand in an address");
    return fail(at, fmt::format("a control character must be percent-encoded: {}",
                                escape_of(*control)));
  }
  const size_t invalid = find_invalid_utf8(text_);
  if (invalid == std::string_view::npos) return Status::OK();
  return fail(text_.substr(invalid), "this is not UTF-8");
}

// Finds the scheme and returns what follows its ':'. Without one the text is a path.
Result<std::string_view> UriParser::parse_scheme() {
  const size_t length = scheme_length(text_);
  const std::string scheme = canonical_scheme(text_.substr(0, length));
  const std::string_view rest = length > 0 ? text_.substr(length + 1) : text_;
  if (length > 0 && rest.starts_with(kSlashes)) {
    uri_.scheme = scheme;
    return rest;
  }
  if (length > 0 && is_known_scheme(scheme)) {
    uri_.scheme = scheme;
    if (shape_of(scheme) != UriShape::kHosts) return rest;
    return fail(rest,
                fmt::format("after '{}:' comes '//', as in {}://host/path; a file of "
                            "that name is ./{}:…",
                            scheme, scheme, scheme));
  }
  if (const std::string_view near = nearest_scheme(scheme); length > 0 && !near.empty()) {
    return fail(text_, fmt::format("'{}' is not a scheme; did you mean '{}:'? A file of "
                                   "that name is ./{}:…",
                                   scheme, near, scheme));
  }
  const std::string_view path = text_.substr(0, text_.find('?'));
  if (const size_t slashes = path.find("://"); slashes != std::string_view::npos) {
    return fail(
        path.substr(slashes),
        "what stands before '://' is not a scheme: a scheme has two characters or "
        "more, letters, digits, '+', '-' and '.', and begins with a letter");
  }
  uri_.scheme = "file";
  return text_;
}

Status UriParser::parse_rest(std::string_view rest) {
  switch (shape_of(uri_.scheme)) {
    case UriShape::kHosts:
      return parse_after_scheme(rest.substr(kSlashes.size()));
    case UriShape::kName:
      if (rest.starts_with(kSlashes)) rest.remove_prefix(kSlashes.size());
      return parse_path_and_options(rest);
    case UriShape::kFile:
      return parse_file(rest);
    case UriShape::kNothing:
      break;
  }
  if (rest.starts_with(kSlashes)) rest.remove_prefix(kSlashes.size());
  if (!rest.empty() && rest.front() != '?') {
    return fail(rest, fmt::format("'{}:' takes no path: only '?' and options may follow",
                                  uri_.scheme));
  }
  return parse_path_and_options(rest);
}

Status UriParser::parse_connection(std::string_view rest) {
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view name = rest.substr(0, end);
  const auto wrong = std::ranges::find_if(
      name, [](char c) { return !is_letter(c) && !is_digit(c) && !is_one_of(c, "_-."); });
  if (name.empty() || wrong != name.end()) {
    return fail(rest.substr(static_cast<size_t>(wrong - name.begin())),
                "after '@' comes the name of a connection of velo.toml: letters, digits, "
                "'_', '-' and '.'; a file whose name begins with '@' is ./@…");
  }
  uri_.hosts.push_back({.name = std::string(name), .port = std::nullopt});
  return parse_path_and_options(rest.substr(end));
}

Status UriParser::parse_after_scheme(std::string_view rest) {
  const size_t end = std::min(find_outside_references(rest, "/?#"), rest.size());
  ARROW_RETURN_NOT_OK(parse_authority(rest.substr(0, end)));
  return parse_path_and_options(rest.substr(end));
}

Status UriParser::parse_file(std::string_view rest) {
  // "//x" without a scheme, and in file('//x'), is a path.
  const bool after_scheme = prefix_bytes_ == 0 && text_.size() != rest.size();
  if (after_scheme && rest.starts_with(kSlashes)) {
    const std::string_view after = rest.substr(kSlashes.size());
    const size_t end = std::min(after.find_first_of("/?"), after.size());
    const std::string_view host = after.substr(0, end);
    if (!host.empty() && host != "localhost") {
      return fail(after,
                  "between 'file://' and the next '/' stands the name of a machine, "
                  "and it can only be this one: an absolute path is written "
                  "file:///data/x.csv, a relative one file:data/x.csv");
    }
    rest = after.substr(end);
  }
  if (rest.empty() || rest.front() == '?') return fail(rest, "a path is missing");
  return parse_path_and_options(rest);
}

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
    return is_ascii(c) && !is_letter(c) && !is_digit(c) && !is_one_of(c, "-._~%:");
  });
  if (wrong == name.end()) return decode(name);
  return fail(
      name.substr(static_cast<size_t>(wrong - name.begin())),
      fmt::format("'{}' cannot stand in the name of a host; percent-encoded it is "
                  "{}",
                  *wrong, escape_of(*wrong)));
}

Result<uint16_t> UriParser::parse_port(std::string_view port) const {
  uint16_t number = 0;
  const char* end = port.data() + port.size();
  const auto [parsed_to, error] = std::from_chars(port.data(), end, number);
  if (error == std::errc() && parsed_to == end && number > 0) return number;
  return fail(
      port,
      "a port is a number from 1 to 65535; an IPv6 address stands in brackets, and "
      "in a password '/' is written %2F, '?' %3F, '#' %23");
}

Status UriParser::parse_path_and_options(std::string_view rest) {
  const size_t question = rest.find('?');
  ARROW_RETURN_NOT_OK(parse_path(rest.substr(0, question)));
  if (question == std::string_view::npos) return Status::OK();
  return parse_options(rest.substr(question + 1));
}

Status UriParser::parse_path(std::string_view path) {
  PathPattern pattern;
  std::string decoded;
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '#') return fail(path.substr(at), "in a path '#' is written %23");
    if (path[at] == '%') {
      ARROW_ASSIGN_OR_RAISE(const char c, decode_escape_at(path.substr(at)));
      pattern.append_decoded(c);
      at += 2;
    } else {
      pattern.append_raw(path[at]);
    }
  }
  uri_.path = std::move(pattern).take();
  return check_decoded(path, uri_.path);
}

Status UriParser::parse_options(std::string_view options) {
  while (true) {
    const size_t end = find_outside_references(options, "&");
    ARROW_RETURN_NOT_OK(parse_option(options.substr(0, end)));
    if (end == std::string_view::npos) return Status::OK();
    options.remove_prefix(end + 1);
  }
}

Status UriParser::parse_option(std::string_view option) {
  const size_t equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  if (name.empty()) {
    return fail(option,
                "the name of an option is missing; '?' begins the options, and in a path "
                "it is written %3F");
  }
  const auto wrong = std::ranges::find_if(name, [&](const char& c) {
    return !is_letter(c) && c != '_' &&
           (&c == name.data() || (!is_digit(c) && !is_one_of(c, "-.")));
  });
  if (wrong != name.end()) {
    return fail(
        name.substr(static_cast<size_t>(wrong - name.begin())),
        "the name of an option begins with a letter and has letters, digits, '_', "
        "'-' and '.'; in a value '&' is written %26, in a path '?' %3F");
  }
  if (uri_.find_option(name) != nullptr) {
    return fail(option, fmt::format("the option '{}' stands twice", name));
  }
  std::string value = "true";
  if (equals != std::string_view::npos) {
    ARROW_ASSIGN_OR_RAISE(value, decode(option.substr(equals + 1)));
  }
  uri_.options.emplace_back(name, std::move(value));
  return Status::OK();
}

Result<char> UriParser::decode_escape_at(std::string_view rest) const {
  const std::optional<char> c = decode_escape(rest);
  if (!c) {
    return fail(rest,
                "after '%' come two hexadecimal digits; a '%' itself is written %25");
  }
  if (*c == '\0') return fail(rest, "a zero byte cannot stand in an address");
  return *c;
}

Result<std::string> UriParser::decode(std::string_view part) const {
  std::string decoded;
  for (size_t at = 0; at < part.size(); ++at) {
    if (part[at] == '#') return fail(part.substr(at), "'#' is written %23");
    if (part[at] == '%') {
      ARROW_ASSIGN_OR_RAISE(const char c, decode_escape_at(part.substr(at)));
      decoded += c;
      at += 2;
    } else {
      decoded += part[at];
    }
  }
  ARROW_RETURN_NOT_OK(check_decoded(part, decoded));
  return decoded;
}

Status UriParser::check_decoded(std::string_view part, const std::string& decoded) const {
  if (find_invalid_utf8(decoded) == std::string_view::npos) return Status::OK();
  return fail(part, "what is percent-encoded here is not UTF-8");
}

// Whether the text inside scheme('…') is a whole URI of its own. A host may be called
// like its scheme (kafka:9092), so where hosts come it takes the two slashes.
bool is_whole_uri(std::string_view scheme, std::string_view rest) {
  const size_t length = scheme_length(rest);
  if (length == 0) return false;
  if (rest.substr(length + 1).starts_with(kSlashes)) return true;
  return canonical_scheme(rest.substr(0, length)) == scheme &&
         shape_of(scheme) != UriShape::kHosts;
}

}  // namespace

const std::string* Uri::find_option(std::string_view name) const {
  for (const auto& [given, value] : options) {
    if (given == name) return &value;
  }
  return nullptr;
}

Result<Uri> parse_uri(std::string_view text) { return UriParser(text, 0).parse(); }

Result<Uri> parse_uri(std::string_view scheme, std::string_view rest) {
  const std::string canonical = canonical_scheme(scheme);
  if (rest.starts_with('@')) return parse_uri(rest);
  if (!is_whole_uri(canonical, rest)) {
    const UriShape shape = shape_of(canonical);
    const bool takes_slashes = shape == UriShape::kHosts || shape == UriShape::kName;
    const std::string prefix = fmt::format("{}:{}", canonical, takes_slashes ? "//" : "");
    return UriParser(prefix + std::string(rest), prefix.size()).parse();
  }
  ARROW_ASSIGN_OR_RAISE(Uri uri, parse_uri(rest));
  if (uri.scheme == canonical) return uri;
  return make_error(ErrorKind::kInvalidArgument,
                    {.connector = canonical, .resource = redact_uri(uri)},
                    fmt::format("this is an address of '{}', and it stands in {}('…')",
                                uri.scheme, canonical));
}

}  // namespace velo
