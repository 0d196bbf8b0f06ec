#pragma once

/// A walk over the tokens of one block of JSON, and the first thing that was wrong on it.

#include <arrow/type.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "velo/formats/json/structural_index.h"

namespace velo::formats::json {

/// Most objects and lists inside each other, the record included.
inline constexpr int kMaxDepth = 64;

/// What stopped a walk.
struct Failure {
  ErrorKind kind = ErrorKind::kInternal;
  int64_t offset = 0;      ///< in the block, of the token that does not fit
  bool at_end = false;     ///< the block ended where more was needed
  std::string path;        ///< the field: "customer.address", "" for none
  std::string message;     ///< what is wrong: "is int64, found \"seven\" (text)"
  bool of_column = false;  ///< message goes on after "column 'PATH' "
};

/// What may follow a number or a literal.
inline bool ends_scalar(uint8_t c) {
  return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' ||
         c == '\t';
}

/// Not zero if one of the eight bytes is `c`.
inline uint64_t bytes_that_are(uint64_t word, char c) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t zero_if_equal = word ^ (kOnes * static_cast<uint8_t>(c));
  return (zero_if_equal - kOnes) & ~zero_if_equal & (kOnes * 0x80);
}

/// Reads the tokens of one block from first to last. Whatever returns bool returns false
/// when it failed, and then failure() says why; the walk is over. Threads:
/// thread-compatible.
class Cursor {
 public:
  /// The bytes of a string as they stand between the quotes.
  struct RawString {
    const uint8_t* begin;
    const uint8_t* end;
    int64_t size() const { return end - begin; }

    /// Whether there is a backslash. Looks at eight bytes at a time, up to seven too
    /// many, and so may say yes for one that stands behind the string.
    bool may_have_escapes() const {
      uint64_t found = 0;
      for (const uint8_t* p = begin; p < end; p += 8) {
        uint64_t word;
        std::memcpy(&word, p, 8);
        found |= bytes_that_are(word, '\\');
      }
      return found != 0;
    }
  };

  /// Begin a walk over text[0, size), which has kPadding bytes behind it, the first of
  /// them zero. False (without a failure) when the text is not well-formed token by
  /// token.
  Result<bool> start(const uint8_t* text, int64_t size);

  /// The next token's first byte; zero at the end of the block.
  uint8_t peek() const { return text_[*next_]; }
  /// The first byte of the token after the next; do not call it at the end.
  uint8_t peek_second() const { return text_[next_[1]]; }
  const uint8_t* at() const { return text_ + *next_; }
  /// Where the token before the next begins; not at the first.
  int64_t previous_offset() const { return next_[-1]; }
  int64_t offset() const { return *next_; }
  bool at_end() const { return *next_ == size_; }
  /// Go to a token that the walk was at, between two records or at the beginning of a
  /// value that is then taken for a record.
  void return_to(const uint32_t* token) {
    next_ = token;
    depth_ = 0;
  }
  const uint32_t* token() const { return next_; }
  /// Go back to a token of the value that the walk is inside of.
  void step_back_to(const uint32_t* token) { next_ = token; }
  /// Step over the next token; not at the end.
  void advance() { ++next_; }
  void advance_two() { next_ += 2; }

  /// Step over the token that begins with `c`, if it is the next.
  bool take(uint8_t c) {
    if (peek() != c) return false;
    ++next_;
    return true;
  }

  /// Step over a string. The next token must be one.
  RawString take_string() {
    const uint8_t* begin = at() + 1;
    ++next_;
    // Between a string's closing quote and the next token is nothing but space.
    const uint8_t* end = at() - 1;
    while (*end != '"') --end;
    return {begin, end};
  }

  /// Step over a string, and show what it says: in the block, or in `buffer` where it has
  /// escapes. The next token must be a string. Valid until `buffer` changes.
  bool take_text(std::string_view& text, std::vector<uint8_t>& buffer);

  /// Step over a key and its colon; `name` as in take_text.
  bool take_key(std::string_view& name, std::vector<uint8_t>& buffer);

  /// Write a string without quotes and escapes; as StructuralIndex::unescape, but a
  /// failure is recorded at `from`.
  bool unescape(const RawString& from, uint8_t* to, uint8_t** end);

  /// Step over `null`, if the next token begins with n.
  bool take_null() {
    if (!is_literal("null")) return fail_token();
    ++next_;
    return true;
  }

  /// Whether the next token is this literal (of four bytes at least) and nothing more.
  bool is_literal(std::string_view literal) const {
    return std::memcmp(at(), literal.data(), literal.size()) == 0 &&
           ends_scalar(at()[literal.size()]);
  }

  /// Step over a value of any kind, checking that it is JSON.
  bool skip_value() {
    const uint8_t c = peek();
    return c == '{' || c == '[' ? skip_nested() : skip_scalar();
  }
  /// The same; `raw` is the value's bytes.
  bool skip_value(std::string_view& raw);

  /// Step over a number of any size; `raw` is its bytes.
  bool take_number(std::string_view& raw);

  /// Count the levels that a walk is inside of.
  bool enter() { return depth_ < kMaxDepth ? (++depth_, true) : fail_depth(); }
  void leave() { --depth_; }

  /// Record a failure at the next token, or at `offset`, and return false.
  bool fail(ErrorKind kind, std::string message);
  bool fail_at(int64_t offset, ErrorKind kind, std::string message);
  /// The next token is of another type than its column's.
  bool fail_type(const arrow::DataType& type, std::string_view reason = {});
  bool fail_type_at(int64_t offset, const arrow::DataType& type,
                    std::string_view reason = {});
  /// The next token is not JSON.
  bool fail_token();
  /// Another token was needed: "',' or '}'".
  bool fail_expected(std::string_view expected);
  /// The next token begins no record.
  bool fail_record();
  /// Memory could not be had.
  bool fail_status(const Status& status);
  /// Put `name` before the failure's path, and return false.
  bool fail_inside(std::string_view name);

  const Failure& failure() const { return failure_; }

 private:
  bool fail_depth();
  bool skip_scalar();
  bool skip_string();
  bool skip_key();
  bool skip_nested();
  /// The value at `offset` as a message shows it: `"seven" (text)`.
  std::string describe(int64_t offset) const;

  const uint8_t* text_ = nullptr;
  const uint32_t* next_ = nullptr;
  int64_t size_ = 0;
  int depth_ = 0;
  StructuralIndex index_;
  std::vector<uint8_t> scratch_;
  Failure failure_;
};

}  // namespace velo::formats::json
