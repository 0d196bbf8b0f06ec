#include "velo/formats/csv/record_position.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::formats {
RecordExtent find_record(std::string_view bytes, char delimiter) {
  bool quoted = false;
  bool at_value_start = true;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (quoted) {
      const bool is_escape = c == '"' && bytes.substr(i + 1).starts_with('"');
      if (is_escape) ++i;
      quoted = c != '"' || is_escape;
      continue;
    }
    if (c == '"' && at_value_start) {
      quoted = true;
    } else if (const size_t size = line_break_size(bytes.substr(i)); size > 0) {
      return {.num_bytes = i + size, .is_complete = true};
    }
    at_value_start = c == delimiter;
  }
  return {.num_bytes = bytes.size(), .is_open = quoted};
}

std::optional<size_t> RecordEnd::find(std::string_view piece) {
  for (size_t i = 0; i < piece.size(); ++i) {
    const char c = piece[i];
    if (after_return_) return c == '\n' ? i + 1 : i;
    if (quoted_) {
      const bool was_after_quote = std::exchange(after_quote_, false);
      if (c == '"') {
        after_quote_ = !was_after_quote;
        continue;
      }
      if (!was_after_quote) continue;
      quoted_ = false;
    }
    if (c == '\n') return i + 1;
    after_return_ = c == '\r';
    quoted_ = c == '"' && at_value_start_;
    at_value_start_ = c == delimiter_;
  }
  return std::nullopt;
}

size_t line_break_size(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) return 2;
  return bytes.starts_with('\n') || bytes.starts_with('\r') ? 1 : 0;
}

void RecordPosition::advance(std::string_view bytes) {
  offset += static_cast<int64_t>(bytes.size());
  line += std::count(bytes.begin(), bytes.end(), '\n');
}

void RecordPosition::advance_records(std::string_view bytes, int64_t num_records,
                                     char delimiter, bool ignore_empty_lines) {
  const auto skip = [&](size_t size) {
    advance(bytes.substr(0, size));
    bytes.remove_prefix(size);
  };
  while (!bytes.empty()) {
    const size_t empty_line = line_break_size(bytes);
    if (empty_line > 0 && ignore_empty_lines) {
      skip(empty_line);
      continue;
    }
    if (num_records-- == 0) return;
    skip(find_record(bytes, delimiter).num_bytes);
  }
}

std::string RecordPosition::to_string() const {
  return fmt::format("line {}, byte {}", line, offset);
}

}  // namespace velo::formats
