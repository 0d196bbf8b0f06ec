#pragma once

/// Numbers as bytes, the most significant first: as networks send them, and as texts that
/// sort like the numbers.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace velo {

/// Append a number in its width.
template <std::unsigned_integral Number>
void append_big_endian(std::string& bytes, Number number) {
  for (int shift = static_cast<int>(sizeof(Number) * 8) - 8; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(number >> shift & 0xFF);
  }
}

/// Read the number at the beginning of `bytes`, which has as many bytes as it at least.
template <std::unsigned_integral Number>
Number read_big_endian(const char* bytes) {
  Number number = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return number;
}

}  // namespace velo
