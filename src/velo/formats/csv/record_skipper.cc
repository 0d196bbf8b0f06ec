#include "velo/formats/csv/record_skipper.h"

#include <optional>

namespace velo::formats {
namespace {

int code_of(std::optional<char> c) { return c ? static_cast<unsigned char>(*c) : -1; }

bool is(char c, int code) { return static_cast<unsigned char>(c) == code; }

}  // namespace

RecordSkipper::RecordSkipper(const CsvDialect& dialect)
    : dialect_(dialect),
      delimiter_(dialect.delimiter.value_or(',')),
      quote_(code_of(dialect.quote)),
      escape_(code_of(dialect.escape)),
      specials_{'\n', '\n', '\r', dialect.quote.value_or('\n'),
                dialect.escape.value_or('\n')} {}

size_t RecordSkipper::skip(std::string_view text, size_t from) const {
  SpecialBytes specials(text, specials_);
  size_t record = 0;
  size_t floor = 0;  // special bytes before it mean nothing
  bool in_comment = is_comment(text, 0);
  while (record < from) {
    const size_t at = specials.next();
    if (at == text.size()) break;
    if (at < floor) continue;
    const char c = text[at];
    if (c == '\n' || c == '\r') {
      size_t next = at + 1;
      if (c == '\r') {
        if (next == text.size()) break;  // its line feed may be yet to come
        if (text[next] == '\n') ++next;
      }
      record = floor = next;
      in_comment = is_comment(text, next);
    } else if (in_comment) {
      continue;
    } else if (is(c, escape_)) {
      floor = at + 2;
    } else if (is_value_start(text, record, floor, at)) {
      if (!find_closing_quote(text, specials, floor)) break;
    }
  }
  return record;
}

bool RecordSkipper::is_value_start(std::string_view text, size_t record, size_t floor,
                                   size_t at) const {
  while (dialect_.trim && at > record && at > floor && text[at - 1] != delimiter_ &&
         (text[at - 1] == ' ' || text[at - 1] == '\t')) {
    --at;
  }
  return at == record || (at > floor && text[at - 1] == delimiter_);
}

bool RecordSkipper::find_closing_quote(std::string_view text, SpecialBytes& specials,
                                       size_t& floor) const {
  while (true) {
    const size_t at = specials.next();
    if (at == text.size()) return false;
    if (at < floor) continue;
    if (is(text[at], escape_)) {
      floor = at + 2;
    } else if (is(text[at], quote_)) {
      const bool is_doubled =
          escape_ < 0 && at + 1 < text.size() && is(text[at + 1], quote_);
      floor = at + (is_doubled ? 2 : 1);
      if (!is_doubled) return true;
    }
  }
}

bool RecordSkipper::is_comment(std::string_view text, size_t at) const {
  return !dialect_.comment.empty() && text.substr(at).starts_with(dialect_.comment);
}

}  // namespace velo::formats
