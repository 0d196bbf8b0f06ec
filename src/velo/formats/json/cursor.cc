#include "velo/formats/json/cursor.h"

#include <fmt/format.h>

#include <algorithm>

namespace velo::formats::json {
namespace {

constexpr size_t kMostBytesShown = 40;

bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

const uint8_t* skip_digits(const uint8_t* p) {
  while (is_digit(*p)) ++p;
  return p;
}

// The end of the number that begins at p, or nullptr.
const uint8_t* end_of_number(const uint8_t* p) {
  p += *p == '-';
  if (!is_digit(*p)) return nullptr;
  p = *p == '0' ? p + 1 : skip_digits(p);
  if (*p == '.') {
    if (!is_digit(*++p)) return nullptr;
    p = skip_digits(p);
  }
  if (*p == 'e' || *p == 'E') {
    ++p;
    p += *p == '+' || *p == '-';
    if (!is_digit(*p)) return nullptr;
    p = skip_digits(p);
  }
  return ends_scalar(*p) ? p : nullptr;
}

// The first so many bytes, never half a character.
std::string shorten(std::string_view text) {
  if (text.size() <= kMostBytesShown) return std::string(text);
  size_t size = kMostBytesShown;
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "…";
}

}  // namespace

Result<bool> Cursor::start(const uint8_t* text, int64_t size) {
  text_ = text;
  size_ = size;
  depth_ = 0;
  failure_ = {};
  ARROW_ASSIGN_OR_RAISE(const bool accepted, index_.build(text, size));
  next_ = index_.tokens().data();
  return accepted;
}

bool Cursor::take_text(std::string_view& text, std::vector<uint8_t>& buffer) {
  const RawString raw = take_string();
  const auto size = static_cast<size_t>(raw.size());
  if (!raw.may_have_escapes()) {
    text = {reinterpret_cast<const char*>(raw.begin), size};
    return true;
  }
  if (buffer.size() < size + kPadding) buffer.resize(size + kPadding);
  uint8_t* end = nullptr;
  if (!unescape(raw, buffer.data(), &end)) return false;
  text = {reinterpret_cast<const char*>(buffer.data()),
          static_cast<size_t>(end - buffer.data())};
  return true;
}

bool Cursor::take_key(std::string_view& name, std::vector<uint8_t>& buffer) {
  if (peek() != '"') return fail_expected("a field's name");
  return take_text(name, buffer) && (take(':') || fail_expected("':'"));
}

bool Cursor::unescape(const RawString& from, uint8_t* to, uint8_t** end) {
  *end = index_.unescape(from.begin, to);
  if (*end != nullptr) return true;
  return fail_at(
      from.begin - 1 - text_, ErrorKind::kCorruptData,
      "the text has an escape that JSON does not know, or half a surrogate pair");
}

bool Cursor::take_number(std::string_view& raw) {
  const uint8_t* end = end_of_number(at());
  if (end == nullptr) return fail_token();
  raw = {reinterpret_cast<const char*>(at()), static_cast<size_t>(end - at())};
  ++next_;
  return true;
}

bool Cursor::skip_string() {
  const RawString raw = take_string();
  if (!raw.may_have_escapes()) return true;
  const auto size = static_cast<size_t>(raw.size());
  if (scratch_.size() < size + kPadding) scratch_.resize(size + kPadding);
  uint8_t* end = nullptr;
  return unescape(raw, scratch_.data(), &end);
}

bool Cursor::skip_key() {
  if (peek() != '"') return fail_expected("a field's name");
  return skip_string() && (take(':') || fail_expected("':'"));
}

bool Cursor::skip_scalar() {
  switch (peek()) {
    case '"':
      return skip_string();
    case 't':
      return is_literal("true") ? (++next_, true) : fail_token();
    case 'f':
      return is_literal("false") ? (++next_, true) : fail_token();
    case 'n':
      return take_null();
    default: {
      std::string_view raw;
      return take_number(raw);
    }
  }
}

bool Cursor::skip_nested() {
  static_assert(kMaxDepth <= 64, "one bit for each level");
  const int outside = depth_;
  uint64_t in_object = 0;  // the lowest bit: whether the innermost level is an object
  for (;;) {
    const uint8_t c = peek();
    if (c == '{' || c == '[') {
      if (!enter()) return false;
      ++next_;
      in_object = in_object << 1 | (c == '{');
      if (peek() != (c == '{' ? '}' : ']')) {
        if (c == '{' && !skip_key()) return false;
        continue;
      }
    } else if (!skip_scalar()) {
      return false;
    }
    // After a value: leave the levels that end here.
    while (depth_ > outside && take((in_object & 1) ? '}' : ']')) {
      in_object >>= 1;
      leave();
    }
    if (depth_ == outside) return true;
    if (!take(',')) return fail_expected((in_object & 1) ? "',' or '}'" : "',' or ']'");
    if ((in_object & 1) && !skip_key()) return false;
  }
}

bool Cursor::skip_value(std::string_view& raw) {
  const uint8_t* const begin = at();
  if (!skip_value()) return false;
  // A value ends at the last byte before the next token that is not space.
  const uint8_t* end = at();
  while (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\r' || end[-1] == '\t') --end;
  raw = {reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin)};
  return true;
}

bool Cursor::fail(ErrorKind kind, std::string message) {
  return fail_at(offset(), kind, std::move(message));
}

bool Cursor::fail_at(int64_t offset, ErrorKind kind, std::string message) {
  failure_.kind = kind;
  failure_.offset = offset;
  failure_.at_end = offset == size_;
  failure_.message = std::move(message);
  failure_.of_column = false;
  failure_.path.clear();
  return false;
}

bool Cursor::fail_type(const arrow::DataType& type, std::string_view reason) {
  return fail_type_at(offset(), type, reason);
}

bool Cursor::fail_type_at(int64_t offset, const arrow::DataType& type,
                          std::string_view reason) {
  if (offset == size_) return fail_expected("a value");
  const uint8_t c = text_[offset];
  if (c == '}' || c == ']' || c == ',' || c == ':') return fail_expected("a value");
  // What is not JSON at all is no value of another type.
  const uint8_t* p = text_ + offset;
  const auto literal = [&](std::string_view word) {
    return std::memcmp(p, word.data(), word.size()) == 0 && ends_scalar(p[word.size()]);
  };
  const bool known = c == '"' || c == '{' || c == '[' || literal("true") ||
                     literal("false") || literal("null") || end_of_number(p) != nullptr;
  if (!known) return fail_token();
  fail_at(offset, ErrorKind::kSchemaMismatch,
          fmt::format("is {}, found {}{}{}", type.ToString(), describe(offset),
                      reason.empty() ? "" : ", which ", reason));
  failure_.of_column = true;
  return false;
}

bool Cursor::fail_token() { return fail_expected("a value"); }

bool Cursor::fail_expected(std::string_view expected) {
  if (at_end()) {
    return fail(ErrorKind::kCorruptData, fmt::format("expected {}", expected));
  }
  return fail(ErrorKind::kCorruptData,
              fmt::format("expected {}, found {}", expected, describe(offset())));
}

bool Cursor::fail_record() {
  const uint8_t c = peek();
  const bool punctuation = c == '}' || c == ']' || c == ',' || c == ':';
  return fail(ErrorKind::kCorruptData,
              fmt::format("a record has to be an object ({{…}}), found {}{}",
                          describe(offset()), punctuation ? " between records" : ""));
}

bool Cursor::fail_status(const Status& status) {
  return fail(kind_of(status), status.message());
}

bool Cursor::fail_inside(std::string_view name) {
  const bool inner_is_element = failure_.path.starts_with('[');
  const bool needs_dot = !failure_.path.empty() && !inner_is_element;
  failure_.path = fmt::format("{}{}{}", name, needs_dot ? "." : "", failure_.path);
  return false;
}

bool Cursor::fail_depth() {
  return fail(ErrorKind::kCorruptData,
              fmt::format("objects and lists inside each other more than {} levels deep",
                          kMaxDepth));
}

std::string Cursor::describe(int64_t offset) const {
  const uint8_t* p = text_ + offset;
  switch (*p) {
    case '{':
      return "an object";
    case '[':
      return "a list";
    case '}':
    case ']':
    case ',':
    case ':':
      return fmt::format("'{}'", static_cast<char>(*p));
    case '"': {
      const uint8_t* end = p + 1;
      while (*end != '"' && end < text_ + size_) end += *end == '\\' ? 2 : 1;
      const auto size = static_cast<size_t>(std::min(end, text_ + size_) - p - 1);
      return fmt::format("\"{}\" (text)",
                         shorten({reinterpret_cast<const char*>(p + 1), size}));
    }
    default:
      break;
  }
  const uint8_t* end = p;
  while (end < text_ + size_ && !ends_scalar(*end)) ++end;
  const std::string shown =
      shorten({reinterpret_cast<const char*>(p), static_cast<size_t>(end - p)});
  if (end_of_number(p) != nullptr) return shown + " (number)";
  if (shown == "true" || shown == "false") return shown + " (bool)";
  if (shown == "null") return shown;
  return fmt::format("'{}'", shown);
}

}  // namespace velo::formats::json
