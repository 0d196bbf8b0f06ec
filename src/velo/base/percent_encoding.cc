#include "velo/base/percent_encoding.h"

#include "velo/base/ascii.h"

namespace velo {
namespace {

std::optional<unsigned> hexadecimal_digit(char digit) {
  if (is_ascii_digit(digit)) return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A') + 10;
  return std::nullopt;
}

}  // namespace

std::optional<char> decode_escape(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const auto high = hexadecimal_digit(text[1]);
  const auto low = hexadecimal_digit(text[2]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high * 16 + *low);
}

std::string escape_of(char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  return {'%', kDigits[value >> 4], kDigits[value & 15]};
}

void append_encoded(std::string& out, char byte, std::string_view allowed) {
  if (is_ascii_letter(byte) || is_ascii_digit(byte) || !is_ascii(byte) ||
      is_one_of(byte, allowed)) {
    out += byte;
  } else {
    out += escape_of(byte);
  }
}

}  // namespace velo
