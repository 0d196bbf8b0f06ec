#include "velo/formats/json/quoted_text.h"

#include <algorithm>
#include <cstring>

#include "velo/formats/json/structural_index.h"

namespace velo::formats::json {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighBits = kOnes * 0x80;

// Whether each of eight bytes stands for itself in a JSON string.
bool is_plain(uint64_t word) {
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  const uint64_t special =
      (quote - kOnes) | (backslash - kOnes) | (word - kOnes * 0x20) | word;
  return (special & kHighBits) == 0;
}

char* put_escaped(char c, char* to) {
  constexpr char kHex[] = "0123456789abcdef";
  *to++ = '\\';
  switch (c) {
    case '"':
    case '\\':
      *to++ = c;
      return to;
    case '\b':
      *to++ = 'b';
      return to;
    case '\f':
      *to++ = 'f';
      return to;
    case '\n':
      *to++ = 'n';
      return to;
    case '\r':
      *to++ = 'r';
      return to;
    case '\t':
      *to++ = 't';
      return to;
    default:
      std::memcpy(to, "u00", 3);
      to[3] = kHex[c >> 4];
      to[4] = kHex[c & 15];
      return to + 5;
  }
}

}  // namespace

Status put_quoted(std::string_view text, TextBuffer& out) {
  constexpr size_t kMostPerByte = 6;  // \u001f
  char* to = out.room(text.size() * kMostPerByte + 2 + sizeof(uint64_t));
  *to++ = '"';
  bool checked = false;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end) {
    uint64_t word = kOnes * ' ';
    const auto num_bytes = std::min<size_t>(sizeof(word), static_cast<size_t>(end - p));
    std::memcpy(&word, p, num_bytes);
    if (is_plain(word)) {
      std::memcpy(to, &word, sizeof(word));
      to += num_bytes;
      p += num_bytes;
      continue;
    }
    if (!checked && (word & kHighBits) != 0) {
      if (!is_utf8(text)) {
        return make_error(ErrorKind::kSchemaMismatch, {},
                          "the text is not UTF-8, which JSON has to be");
      }
      checked = true;
    }
    for (const char* const stop = p + num_bytes; p < stop; ++p) {
      const char c = *p;
      if (c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20) {
        to = put_escaped(c, to);
      } else {
        *to++ = c;
      }
    }
  }
  *to++ = '"';
  out.advance_to(to);
  return Status::OK();
}

}  // namespace velo::formats::json
