#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace velo {

/// The number that a text is, all of it, as std::from_chars reads it; nullopt where it is
/// none, or does not fit.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || read != end) return std::nullopt;
  return number;
}

}  // namespace velo
