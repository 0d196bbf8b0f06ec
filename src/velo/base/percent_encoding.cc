#include "velo/base/percent_encoding.h"

namespace velo {
namespace {

std::optional<unsigned> hexadecimal_digit(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A') + 10;
  return std::nullopt;
}

bool is_letter_digit_or_not_ascii(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || static_cast<unsigned char>(byte) >= 0x80;
}

}  // namespace

std::optional<char> decode_escape(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const auto high = hexadecimal_digit(text[1]);
  const auto low = hexadecimal_digit(text[2]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high * 16 + *low);
}

void append_escape(std::string& out, char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  out += '%';
  out += kDigits[value >> 4];
  out += kDigits[value & 15];
}

void append_encoded(std::string& out, char byte, std::string_view allowed) {
  if (is_letter_digit_or_not_ascii(byte) ||
      (byte != '\0' && allowed.find(byte) != std::string_view::npos)) {
    out += byte;
  } else {
    append_escape(out, byte);
  }
}

}  // namespace velo
