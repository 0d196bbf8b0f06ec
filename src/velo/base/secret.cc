#include "velo/base/secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/small_file.h"

namespace velo {
namespace {

constexpr std::string_view kEnvironment = "${env:";
constexpr std::string_view kFile = "${file:";
constexpr size_t kMaxFileBytes = size_t{64} << 10;

bool starts_at(std::string_view text, size_t at, std::string_view prefix) {
  return text.substr(at).starts_with(prefix);
}

bool may_stand_in_variable(char c) {
  return is_ascii_letter(c) || is_ascii_digit(c) || c == '_';
}

// Where a scan goes on after what stands at `at`: past a reference or past "$$".
size_t after(std::string_view text, size_t at) {
  if (starts_at(text, at, "$$")) return at + 2;
  const size_t end = secret_reference_end(text, at);
  return end == at ? at + 1 : end;
}

Status fail(const Uri& uri, ErrorKind kind, std::string message) {
  return make_error(kind, {.connector = uri.scheme, .resource = redact_uri(uri)},
                    std::move(message));
}

Result<std::string> read_environment(const Uri& uri, const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value != nullptr) return std::string(value);
  return fail(uri, ErrorKind::kInvalidArgument,
              fmt::format("${{env:{}}}: this environment variable is not set", name));
}

Result<std::string> read_file(const Uri& uri, const std::string& path) {
  Result<std::string> content = read_small_file(path, kMaxFileBytes);
  if (!content.ok()) {
    return annotate(content.status(),
                    fmt::format("{}: ${{file:{}}}", redact_uri(uri), path));
  }
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  return content;
}

Result<std::string> read_reference(const Uri& uri, std::string_view reference) {
  reference.remove_suffix(1);
  if (reference.starts_with(kEnvironment)) {
    return read_environment(uri, std::string(reference.substr(kEnvironment.size())));
  }
  return read_file(uri, std::string(reference.substr(kFile.size())));
}

// `what` says where the text stands: "password", "option 'token'".
Result<std::string> expand(const Uri& uri, std::string_view what, std::string_view text) {
  std::string expanded;
  for (size_t at = 0; at < text.size();) {
    const size_t next = after(text, at);
    if (starts_at(text, at, "$${")) {
      expanded += '$';
    } else if (secret_reference_end(text, at) != at) {
      ARROW_ASSIGN_OR_RAISE(const std::string value,
                            read_reference(uri, text.substr(at, next - at)));
      expanded += value;
    } else if (starts_at(text, at, "${")) {
      // What follows may be a part of the secret itself: it is not shown.
      return fail(uri, ErrorKind::kInvalidArgument,
                  fmt::format("{}: after '${{' comes neither 'env:NAME}}' nor "
                              "'file:/path}}'; a literal '${{' is written '$${{'",
                              what));
    } else {
      expanded += text.substr(at, next - at);
    }
    at = next;
  }
  return expanded;
}

}  // namespace

std::string escape_references(std::string text) {
  for (size_t at = 0; (at = text.find("${", at)) != std::string::npos; at += 3) {
    text.insert(at, 1, '$');
  }
  return text;
}

size_t secret_reference_end(std::string_view text, size_t begin) {
  size_t end = begin;
  if (starts_at(text, begin, kEnvironment)) {
    end = begin + kEnvironment.size();
    while (end < text.size() && may_stand_in_variable(text[end])) ++end;
  } else if (starts_at(text, begin, kFile)) {
    end = std::min(text.find('}', begin), text.size());
  }
  const bool is_closed = end > begin && end < text.size() && text[end] == '}';
  return is_closed ? end + 1 : begin;
}

size_t find_outside_references(std::string_view text, std::string_view stops,
                               size_t begin) {
  for (size_t at = begin; at < text.size(); at = after(text, at)) {
    if (stops.find(text[at]) != std::string_view::npos) return at;
  }
  return std::string_view::npos;
}

Result<Uri> expand_secrets(Uri uri) {
  const Uri given = uri;
  if (given.user) {
    ARROW_ASSIGN_OR_RAISE(uri.user, expand(given, "user", *given.user));
  }
  if (given.password) {
    ARROW_ASSIGN_OR_RAISE(uri.password, expand(given, "password", *given.password));
  }
  for (auto& [name, value] : uri.options) {
    ARROW_ASSIGN_OR_RAISE(value, expand(given, fmt::format("option '{}'", name), value));
  }
  return uri;
}

}  // namespace velo
