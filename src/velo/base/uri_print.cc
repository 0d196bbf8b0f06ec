#include <fmt/format.h>

#include "velo/base/percent_encoding.h"
#include "velo/base/secret.h"
#include "velo/base/uri_path.h"
#include "velo/base/uri_redact.h"
#include "velo/base/uri_scheme.h"
#include "velo/uri.h"

namespace velo {
namespace {

constexpr std::string_view kUserAllowed = "-._~!*()+;=|^[]{}";
constexpr std::string_view kValueAllowed = "-._~!*()+;=|^[]{},:@/?";
constexpr std::string_view kReferenceAllowed = "-._~!*()+;=|^[]{},:@/?&$";

// Whether secrets are shown.
enum class Secrets { kShown, kHidden };

// References keep their readable spelling; any other '$' is encoded, so that it begins
// none.
std::string encode_with_references(std::string_view text, std::string_view allowed) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("$$")) {
      out += "$$";
      at += 2;
      continue;
    }
    const size_t end = secret_reference_end(text, at);
    if (end == at) append_encoded(out, text[at++], allowed);
    while (at < end) append_encoded(out, text[at++], kReferenceAllowed);
  }
  return out;
}

std::string print_host(const Uri::Host& host) {
  std::string out;
  if (host.name.find(':') != std::string::npos) {
    out += '[';
    for (const char c : host.name) append_encoded(out, c, "-._~:");
    out += ']';
  } else {
    for (const char c : host.name) append_encoded(out, c, "-._~");
  }
  if (host.port) out += fmt::format(":{}", *host.port);
  return out;
}

std::string print_hosts(const Uri& uri, Secrets secrets) {
  std::string out;
  if (uri.user) out += encode_with_references(*uri.user, kUserAllowed);
  if (uri.password) {
    out += ':';
    out += secrets == Secrets::kHidden
               ? "***"
               : encode_with_references(*uri.password, kUserAllowed);
  }
  if (uri.user || uri.password) out += '@';
  for (size_t i = 0; i < uri.hosts.size(); ++i) {
    if (i > 0) out += ',';
    out += print_host(uri.hosts[i]);
  }
  return out;
}

// A value that is itself an address can hold a password: "http://user:password@registry".
std::string hide_embedded_password(std::string_view value) {
  const size_t slashes = value.find("://");
  const size_t at = value.rfind('@');
  if (slashes == std::string_view::npos || at == std::string_view::npos || at < slashes) {
    return std::string(value);
  }
  return fmt::format("{}://***{}", value.substr(0, slashes), value.substr(at));
}

std::string print_options(const Uri& uri, Secrets secrets) {
  std::string out;
  for (const auto& [name, value] : uri.options) {
    out += out.empty() ? '?' : '&';
    out += name;
    out += '=';
    if (secrets == Secrets::kShown) {
      out += encode_with_references(value, kValueAllowed);
    } else if (names_secret(name)) {
      out += "***";
    } else {
      out += encode_with_references(hide_embedded_password(value), kValueAllowed);
    }
  }
  return out;
}

std::string print_beginning(const Uri& uri, Secrets secrets) {
  if (uri.scheme == "-") return "-";
  if (uri.scheme == "@") return fmt::format("@{}", print_hosts(uri, secrets));
  switch (shape_of(uri.scheme)) {
    case UriShape::kHosts:
      return fmt::format("{}://{}", uri.scheme, print_hosts(uri, secrets));
    case UriShape::kName:
      return uri.scheme + "://";
    case UriShape::kFile:
      return uri.path.starts_with('/') ? "file://" : "file:";
    case UriShape::kNothing:
      break;
  }
  return uri.scheme + ":";
}

std::string print(const Uri& uri, Secrets secrets) {
  return fmt::format("{}{}{}", print_beginning(uri, secrets), encode_path(uri.path),
                     print_options(uri, secrets));
}

}  // namespace

std::string print_uri(const Uri& uri) { return print(uri, Secrets::kShown); }

std::string redact_uri(const Uri& uri) { return print(uri, Secrets::kHidden); }

}  // namespace velo
