#pragma once

/// How CSV writes a value so that reading gives it back.

#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/formats/csv/dialect.h"
#include "velo/formats/text_buffer.h"

namespace velo::formats {

/// Immutable.
class CsvTextRules {
 public:
  explicit CsvTextRules(const CsvDialect& dialect);

  /// Append a text, in quotes, or with escapes, where it would be read as something else,
  /// or the style wants it. `begins_record`: it is the first value of its record.
  /// Errors: kSchemaMismatch where the dialect has no way to write it.
  Status put_text(std::string_view text, bool begins_record, TextBuffer& out) const;

  /// What stands for NULL.
  std::string_view null_text() const { return dialect_.notation.null_values.front(); }

  /// Whether no text of which these are the bytes, one behind the other, needs quotes,
  /// but for an empty one.
  bool are_plain(std::string_view texts) const;

  /// Whether a number, a date or a boolean may be read as something else.
  bool checks_other_values() const { return checks_other_values_; }

  /// Write again what was just written, from this size of the buffer on, as put_text()
  /// does, but for the style of text. Errors: as put_text().
  Status check_value(size_t begin, bool begins_record, TextBuffer& out) const;

 private:
  bool is_special(char c) const;
  bool is_misread(std::string_view text, bool begins_record) const;
  Status put(std::string_view text, bool is_misread, bool wants_quotes,
             TextBuffer& out) const;
  void put_quoted(std::string_view text, TextBuffer& out) const;
  void put_escaped(std::string_view text, TextBuffer& out) const;

  const CsvDialect dialect_;
  const char delimiter_;
  bool checks_other_values_ = false;
  bool has_plain_rules_ = false;  // only special characters make a text need quotes
};

}  // namespace velo::formats
