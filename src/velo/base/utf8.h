#pragma once

/// Reading UTF-8 one code point at a time.

#include <cstddef>
#include <string_view>

namespace velo {

/// What stands at the beginning of a text.
struct CodePoint {
  /// The code point; for a byte that is not UTF-8, 0xDC00 plus the byte, which no code
  /// point of valid UTF-8 equals.
  char32_t value;
  size_t num_bytes;  ///< 1 for a byte that is not UTF-8
  bool valid;
};

/// Decode the first code point of `text`, which must not be empty. Overlong forms,
/// surrogates and what lies beyond U+10FFFF are not UTF-8.
CodePoint decode_code_point(std::string_view text);

/// The offset of the first byte that is not UTF-8, or npos.
size_t find_invalid_utf8(std::string_view text);

}  // namespace velo
