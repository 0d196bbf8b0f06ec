#include "velo/formats/csv/record_position.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/line_count.h"

namespace velo::formats {
namespace {

int code_of(std::optional<char> c) { return c ? static_cast<unsigned char>(*c) : -1; }

}  // namespace

RecordExtent find_record(std::string_view bytes, const CsvDialect& dialect) {
  RecordEnd end(dialect);
  if (const auto num_bytes = end.find(bytes)) {
    return {.num_bytes = *num_bytes, .is_complete = true};
  }
  return {.num_bytes = bytes.size(),
          .is_complete = end.is_after_return(),
          .is_open = end.is_open()};
}

RecordEnd::RecordEnd(const CsvDialect& dialect)
    : delimiter_(code_of(dialect.delimiter.value_or(','))),
      quote_(code_of(dialect.quote)),
      escape_(code_of(dialect.escape)),
      trims_(dialect.trim) {}

RecordEnd RecordEnd::of_line() { return {}; }

std::optional<size_t> RecordEnd::find(std::string_view piece) {
  for (size_t i = 0; i < piece.size(); ++i) {
    const int c = static_cast<unsigned char>(piece[i]);
    if (after_return_) return c == '\n' ? i + 1 : i;
    if (std::exchange(after_escape_, false)) continue;
    if (quoted_) look_in_quotes(c);
    if (quoted_) continue;
    if (c == '\n') return i + 1;
    after_return_ = c == '\r';
    look_outside_quotes(c);
  }
  return std::nullopt;
}

// Leaves quotes behind where it turns out that they have ended before `c`.
void RecordEnd::look_in_quotes(int c) {
  const bool was_after_quote = std::exchange(after_quote_, false);
  if (c == quote_ && !(was_after_quote && escape_ >= 0)) {
    after_quote_ = !was_after_quote;
  } else if (was_after_quote) {
    quoted_ = false;
    at_value_start_ = false;
  } else {
    after_escape_ = c == escape_;
  }
}

void RecordEnd::look_outside_quotes(int c) {
  after_escape_ = c == escape_;
  quoted_ = c == quote_ && at_value_start_;
  at_value_start_ =
      c == delimiter_ || (trims_ && at_value_start_ && (c == ' ' || c == '\t'));
}

size_t line_break_size(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) return 2;
  return bytes.starts_with('\n') || bytes.starts_with('\r') ? 1 : 0;
}

std::string_view without_line_break(std::string_view record) {
  if (record.ends_with('\n')) record.remove_suffix(1);
  if (record.ends_with('\r')) record.remove_suffix(1);
  return record;
}

void RecordPosition::advance(std::string_view bytes) {
  offset += static_cast<int64_t>(bytes.size());
  line += count_lines(bytes);
}

std::string RecordPosition::to_string() const {
  return fmt::format("line {}, byte {}", line, offset);
}

}  // namespace velo::formats
