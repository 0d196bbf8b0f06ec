#include "velo/uri.h"

#include <fmt/format.h>

#include <algorithm>

#include "velo/base/ascii.h"
#include "velo/base/percent_encoding.h"
#include "velo/base/secret.h"
#include "velo/base/uri_parser.h"
#include "velo/base/uri_path.h"
#include "velo/base/uri_redact.h"
#include "velo/base/uri_scheme.h"
#include "velo/base/utf8.h"

namespace velo {
namespace {

constexpr size_t kMaxUriBytes = size_t{1} << 20;
constexpr std::string_view kSlashes = "//";

}  // namespace

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
  const auto control = std::ranges::find_if(text_, is_ascii_control);
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
  const auto wrong = std::ranges::find_if(name, [](char c) {
    return !is_ascii_letter(c) && !is_ascii_digit(c) && !is_one_of(c, "_-.");
  });
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
    return !is_ascii_letter(c) && c != '_' &&
           (&c == name.data() || (!is_ascii_digit(c) && !is_one_of(c, "-.")));
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

namespace {

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
  if (rest.starts_with('@')) return parse_uri(rest);
  const std::string canonical = canonical_scheme(scheme);
  const UriShape shape = shape_of(canonical);
  const bool takes_slashes = shape == UriShape::kHosts || shape == UriShape::kName;
  const std::string prefix =
      is_whole_uri(canonical, rest)
          ? std::string()
          : fmt::format("{}:{}", canonical, takes_slashes ? "//" : "");
  const std::string text = prefix + std::string(rest);
  ARROW_ASSIGN_OR_RAISE(Uri uri, UriParser(text, prefix.size()).parse());
  if (uri.scheme == canonical) return uri;
  return make_error(ErrorKind::kInvalidArgument,
                    {.connector = canonical, .resource = redact_uri(uri)},
                    fmt::format("this is an address of '{}', and it stands in {}('…')",
                                uri.scheme, canonical));
}

}  // namespace velo
