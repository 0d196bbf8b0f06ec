#include "velo/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace velo {
namespace {

// How many bytes a code point takes, by its first byte; 0 where none can begin.
size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF5 ? 4 : 0;
}

char32_t smallest_of_length(size_t num_bytes) {
  if (num_bytes == 2) return 0x80;
  return num_bytes == 3 ? 0x800 : 0x10000;
}

// Where what follows begins, or the last few bytes.
size_t skip_ascii(std::string_view text, size_t at) {
  constexpr uint64_t kHigh = 0x8080808080808080;
  for (uint64_t word = 0; at + sizeof(word) <= text.size(); at += sizeof(word)) {
    std::memcpy(&word, text.data() + at, sizeof(word));
    if ((word & kHigh) != 0) break;
  }
  return at;
}

}  // namespace

CodePoint decode_code_point(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const CodePoint invalid{static_cast<char32_t>(0xDC00u + first), 1, false};
  const size_t num_bytes = length_of(first);
  if (num_bytes == 1) return {first, 1, true};
  if (num_bytes == 0 || text.size() < num_bytes) return invalid;
  char32_t value = first & (0xFFu >> (num_bytes + 1));
  for (size_t i = 1; i < num_bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return invalid;
    value = (value << 6) | (next & 0x3Fu);
  }
  const bool is_surrogate = value >= 0xD800 && value < 0xE000;
  if (value < smallest_of_length(num_bytes) || value > 0x10FFFF || is_surrogate) {
    return invalid;
  }
  return {value, num_bytes, true};
}

size_t find_invalid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    at = skip_ascii(text, at);
    if (at == text.size()) break;
    const CodePoint next = decode_code_point(text.substr(at));
    if (!next.valid) return at;
    at += next.num_bytes;
  }
  return std::string_view::npos;
}

}  // namespace velo
