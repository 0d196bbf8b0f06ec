#pragma once

/// Where the records of a CSV text end, and where in the file they stand. Used for
/// records that are too large and for messages, not on the hot path.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "velo/formats/csv/dialect.h"

namespace velo::formats {

/// The record at the front of some bytes.
struct RecordExtent {
  size_t num_bytes = 0;      ///< with its line break
  bool is_complete = false;  ///< its line break is there
  bool is_open = false;      ///< the bytes end inside quotes
};

/// Find the end of the record at the front; a line break inside quotes does not end it. A
/// quote opens only at the beginning of a value, as in RecordParser.
RecordExtent find_record(std::string_view bytes, const CsvDialect& dialect);

/// Finds the end of one record, or of a line without quotes, in text that comes piece by
/// piece. Threads: thread-compatible.
class RecordEnd {
 public:
  explicit RecordEnd(const CsvDialect& dialect);
  /// Of a line in which nothing but its end means anything.
  static RecordEnd of_line();

  /// The bytes of the next piece up to the end of the record, with its line break;
  /// nullopt where it goes on. Not to be called after the end.
  std::optional<size_t> find(std::string_view piece);

  /// Whether what was shown ends inside quotes.
  bool is_open() const { return quoted_ && !after_quote_; }
  /// Whether what was shown ends in a carriage return, which ends the record.
  bool is_after_return() const { return after_return_; }

 private:
  RecordEnd() = default;
  void look_in_quotes(int c);
  void look_outside_quotes(int c);

  // -1 for none.
  int delimiter_ = -1;
  int quote_ = -1;
  int escape_ = -1;
  bool trims_ = false;
  bool quoted_ = false;
  bool after_quote_ = false;   // inside quotes: one that ends them, or stands for one
  bool after_escape_ = false;  // what comes now means nothing
  bool at_value_start_ = true;
  bool after_return_ = false;  // which ends the record, maybe with a line feed
};

/// The length of the line break at the front of the bytes: 0, 1 or 2.
size_t line_break_size(std::string_view bytes);

/// The record without the line break at its end.
std::string_view without_line_break(std::string_view record);

/// A place in a text file.
struct RecordPosition {
  int64_t offset = 0;  ///< bytes before it
  int64_t line = 1;    ///< 1-based

  /// Move over bytes.
  void advance(std::string_view bytes);

  /// "line 731, byte 40213"
  std::string to_string() const;
};

}  // namespace velo::formats
