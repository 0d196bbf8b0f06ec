#pragma once

/// The only door to simdjson: where the tokens of a block of JSON are.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "velo/error.h"

namespace velo::formats::json {

/// Bytes that must be readable, and are not looked at, behind any text given to this
/// class.
inline constexpr int64_t kPadding = 64;

/// Finds where each token of a block of JSON begins: every one of `{}[]:,`, and the first
/// byte of every string and of every other run of characters. What a string holds makes
/// no tokens. Checks that the block is UTF-8, that strings are closed and hold no bare
/// control character; it does not check the grammar. Threads: thread-compatible.
class StructuralIndex {
 public:
  StructuralIndex();
  ~StructuralIndex();

  /// Index text[0, size). False when the text fails one of the checks above.
  /// Errors: kSystem (no memory for the index).
  Result<bool> build(const uint8_t* text, int64_t size);

  /// Offsets of the tokens, ascending, of the last text that build() accepted. One more
  /// element, which is the text's size, can be read behind the last.
  std::span<const uint32_t> tokens() const { return tokens_; }

  /// Write the string whose first byte after the quote is at `from` to `to`, resolving
  /// escapes. `to` needs as many bytes as the string has, and kPadding.
  /// The end of what was written, or nullptr for an escape that JSON does not know or
  /// half a surrogate pair.
  uint8_t* unescape(const uint8_t* from, uint8_t* to) const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::span<const uint32_t> tokens_;
};

/// Whether these bytes are UTF-8.
bool is_utf8(std::string_view bytes);

}  // namespace velo::formats::json
