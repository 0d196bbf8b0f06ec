#pragma once

/// Numbers as people write them, as those that computers read.

#include <string>
#include <string_view>

#include "velo/formats/csv/dialect.h"

namespace velo::formats {

/// Takes out the separators of thousands, and makes the decimal separator a point.
class PlainNumber {
 public:
  explicit PlainNumber(const CsvNotation& notation)
      : decimal_(notation.decimal_separator), thousands_(notation.thousands_separator) {}

  /// Whether numbers are written as computers read them.
  bool is_plain() const { return decimal_ == '.' && !thousands_; }

  /// Write `-1.234.567,5` as -1234567.5. False where the separators are not where they
  /// must be: between groups of three digits, all of them, before the decimal separator.
  bool make_plain(std::string_view text, std::string& plain) const;

 private:
  bool take_groups(std::string_view whole, std::string& plain) const;

  char decimal_;
  std::optional<char> thousands_;
};

/// Whether a number, without blanks, is written so that it would not come back: with a
/// plus, with leading zeros, in hexadecimal.
inline bool has_lost_front(std::string_view text) {
  if (text.starts_with('+')) return true;
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.size() < 2 || digits[0] != '0') return false;
  return (digits[1] >= '0' && digits[1] <= '9') || digits[1] == 'x' || digits[1] == 'X';
}

}  // namespace velo::formats
