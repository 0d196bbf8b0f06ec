#include "velo/base/uri_redact.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "velo/base/ascii.h"
#include "velo/base/utf8.h"

namespace velo {
namespace {

constexpr size_t kMaxShownBytes = 200;

std::string lower_with_underscores(std::string_view name) {
  std::string lower = ascii_lower(name);
  for (char& c : lower) {
    if (is_one_of(c, "-.")) c = '_';
  }
  return lower;
}

// Hides what a user and a password may be in, given what stands between "://" and the
// options. Without an '@' the host may have been forgotten: then anything after ':' that
// is no port is hidden.
std::string conceal_user(std::string_view rest) {
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    return fmt::format("***{}", rest.substr(at));
  }
  bool in_port = false;
  const size_t address_end = rest.starts_with('[') ? rest.find(']') : 0;
  for (size_t at = address_end; at < rest.size() && !is_one_of(rest[at], "/#"); ++at) {
    if (in_port && !is_ascii_digit(rest[at]) && rest[at] != ',') {
      return fmt::format("{}***", rest.substr(0, rest.rfind(':', at) + 1));
    }
    if (is_one_of(rest[at], ":,")) in_port = rest[at] == ':';
  }
  return std::string(rest);
}

// Control characters and what is not UTF-8 are no good in a message.
std::string printable(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_code_point(text.substr(at));
    const bool is_control = c.value < 0x20 || c.value == 0x7F;
    if (c.valid && !is_control) {
      out += text.substr(at, c.num_bytes);
    } else {
      out += is_control ? " " : "�";
    }
    at += c.num_bytes;
  }
  return out;
}

std::string cut(std::string text) {
  if (text.size() <= kMaxShownBytes) return text;
  size_t end = kMaxShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

bool names_secret(std::string_view option) {
  constexpr std::array<std::string_view, 8> kWithin = {
      "secret", "passw", "pwd", "token", "credential", "passphrase", "jaas", "signature"};
  constexpr std::array<std::string_view, 5> kAtEnd = {"_key", "apikey", "_pem", "_auth",
                                                      "userinfo"};
  const std::string name = lower_with_underscores(option);
  return std::ranges::any_of(
             kWithin, [&](auto word) { return name.find(word) != std::string::npos; }) ||
         std::ranges::any_of(kAtEnd, [&](auto word) { return name.ends_with(word); });
}

std::string conceal_uri_text(std::string_view text) {
  const size_t question = text.find('?');
  const std::string_view address = text.substr(0, question);
  const size_t slashes = address.find("://");
  const size_t colon = address.find(':');
  const size_t last_at = text.rfind('@');
  std::string shown(address);
  if (last_at != text.npos && colon < last_at && last_at > question) {
    // A '?' in a password, or an '@' in an option.
    shown = fmt::format("{}***", text.substr(0, colon + 1));
  } else if (slashes != text.npos) {
    shown.resize(slashes + 3);
    shown += conceal_user(address.substr(slashes + 3));
  } else if (last_at != text.npos && colon < last_at) {
    shown = fmt::format("{}***{}", text.substr(0, colon + 1), address.substr(last_at));
  }
  if (question != text.npos) shown += "?…";
  return cut(printable(shown));
}

}  // namespace velo
