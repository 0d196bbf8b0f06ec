#pragma once

/// Where the records of a CSV text begin and end, and where in the file they stand. Used
/// on the way to the header and to an error message, not on the hot path.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace velo::formats {

/// The record at the front of some bytes.
struct RecordExtent {
  size_t num_bytes = 0;      ///< with its line break
  bool is_complete = false;  ///< its line break is there
  bool is_open = false;      ///< the bytes end inside quotes
};

/// Find the end of the record at the front; a line break inside quotes does not end it. A
/// quote opens only at the beginning of a value, as in Arrow's parser.
RecordExtent find_record(std::string_view bytes, char delimiter);

/// Finds the end of one record in text that comes piece by piece, as find_record() does.
/// Threads: thread-compatible.
class RecordEnd {
 public:
  explicit RecordEnd(char delimiter) : delimiter_(delimiter) {}

  /// The bytes of the next piece up to the end of the record, with its line break;
  /// nullopt where it goes on. Not to be called after the end.
  std::optional<size_t> find(std::string_view piece);

  /// Whether what was shown ends inside quotes.
  bool is_open() const { return quoted_ && !after_quote_; }

 private:
  const char delimiter_;
  bool quoted_ = false;
  bool after_quote_ = false;  // inside quotes: one that ends them, or stands for one
  bool at_value_start_ = true;
  bool after_return_ = false;  // which ends the record, maybe with a line feed
};

/// The length of the line break at the front of the bytes: 0, 1 or 2.
size_t line_break_size(std::string_view bytes);

/// A place in a text file.
struct RecordPosition {
  int64_t offset = 0;  ///< bytes before it
  int64_t line = 1;    ///< 1-based

  /// Move over bytes.
  void advance(std::string_view bytes);

  /// Move over whole records at the front of `bytes`. Empty lines are no records if
  /// `ignore_empty_lines`.
  void advance_records(std::string_view bytes, int64_t num_records, char delimiter,
                       bool ignore_empty_lines);

  /// "line 731, byte 40213"
  std::string to_string() const;
};

}  // namespace velo::formats
