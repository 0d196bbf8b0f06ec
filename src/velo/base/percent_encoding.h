#pragma once

/// Percent-encoding: %2F stands for the byte 0x2F.

#include <optional>
#include <string>
#include <string_view>

namespace velo {

/// The byte that the three characters at the beginning of `text` stand for, if they are
/// '%' and two hexadecimal digits.
std::optional<char> decode_escape(std::string_view text);

/// A byte as '%' and two upper-case hexadecimal digits.
std::string escape_of(char byte);

/// Append a byte as it is if it is a letter, a digit, not ASCII, or one of `allowed`;
/// else percent-encoded.
void append_encoded(std::string& out, char byte, std::string_view allowed);

}  // namespace velo
