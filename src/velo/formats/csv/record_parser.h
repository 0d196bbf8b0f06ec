#pragma once

/// Cuts CSV text into records and values.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "velo/formats/csv/dialect.h"
#include "velo/formats/csv/records.h"
#include "velo/formats/csv/special_bytes.h"

namespace velo::formats {

/// Parses one text after another.
///
/// A quote opens at the beginning of a value alone; in the middle of one it is a
/// character as any other. A record ends with \n, \r\n or \r, or with the text; an empty
/// line is one only where there is one column. Threads: thread-compatible.
class RecordParser {
 public:
  /// The number of columns is that of the first record where it is -1.
  RecordParser(const CsvDialect& dialect, int num_columns);

  /// Parse whole records from the front of a text, which must stay, and have less than
  /// 2 GiB; at its end, where nothing follows, also the last one without a line break.
  /// The bytes that they took, with the lines that are no records.
  size_t parse(std::string_view text, bool is_last, CsvRecords& records);

  /// The same, of the first record alone.
  size_t parse_first(std::string_view text, bool is_last, CsvRecords& records);

 private:
  struct Progress;

  size_t parse(std::string_view text, bool is_last, size_t most_records,
               CsvRecords& records);
  bool is_comment(std::string_view text, size_t at) const;
  bool is_value_start(std::string_view text, size_t value, size_t at) const;
  size_t find_closing_quote(std::string_view text, Progress& progress) const;
  bool read_quoted(std::string_view text, size_t at, Progress& progress) const;
  void add_value(std::string_view text, size_t end, Progress& progress,
                 CsvRecords& records) const;
  void end_record(std::string_view text, size_t end, Progress& progress,
                  CsvRecords& records) const;

  const CsvDialect dialect_;
  const int num_columns_;
  const char delimiter_;
  const int quote_;   // -1: none
  const int escape_;  // -1: a doubled quote
  SpecialBytes::Set specials_;
};

}  // namespace velo::formats
