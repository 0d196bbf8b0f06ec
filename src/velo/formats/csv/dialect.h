#pragma once

/// How a CSV text is written. Source: RFC 4180, and what others do beside it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "velo/formats/record_limit.h"

namespace velo::formats {

/// Whether the first record names the columns.
enum class CsvHeader : int8_t { kNo, kYes, kAuto };

/// What a record with fewer values than the file has columns is.
enum class CsvRagged : int8_t {
  kError,  ///< a bad record
  kNull,   ///< a row whose last values are NULL
};

/// What is written in quotes.
enum class CsvQuoteStyle : int8_t {
  kNeeded,  ///< what would be read as something else
  kText,    ///< that, and all text
  kAll,     ///< every value that is not NULL
};

/// How values of each type are written. NULL is never in quotes, and what is in quotes is
/// never NULL.
struct CsvNotation {
  /// What stands for NULL; "" is nothing at all between two delimiters. That is NULL
  /// anyway where no text is wanted. The first is written.
  std::vector<std::string> null_values = {""};
  /// What stands for true and for false. The first is written.
  std::vector<std::string> true_values = {"true", "TRUE", "True", "t", "1"};
  std::vector<std::string> false_values = {"false", "FALSE", "False", "f", "0"};
  std::string date_format;       ///< as TimeFormat::parse() takes it; "" for ISO 8601
  std::string timestamp_format;  ///< the same
  char decimal_separator = '.';
  /// Between groups of three digits before the decimal separator, where it is there.
  std::optional<char> thousands_separator;

  bool empty_is_null() const;
};

struct CsvDialect {
  CsvHeader header = CsvHeader::kYes;
  /// nullopt: one of `,`, tab, `;`, `|`, whichever cuts the first records into equally
  /// many values; `,` when written.
  std::optional<char> delimiter = ',';
  std::optional<char> quote = '"';  ///< nullopt: nothing is in quotes
  /// Makes the character behind it a part of the value, also outside quotes; nullopt: a
  /// quote in quotes is doubled.
  std::optional<char> escape = std::nullopt;
  std::string comment;     ///< a line that begins with it is left out; "" for none
  int64_t skip_lines = 0;  ///< at the front of the file
  bool trim = false;       ///< blanks and tabs around values are left out
  CsvRagged ragged = CsvRagged::kError;
  CsvNotation notation = {};
  CsvQuoteStyle quote_style = CsvQuoteStyle::kNeeded;
  std::string line_end = "\n";  ///< what is written; read are \n, \r\n and \r
  /// Bytes read at a time, hence about the bytes of text in one batch.
  int64_t block_bytes = int64_t{1} << 20;
  int64_t max_record_bytes = kMaxRecordBytes;
};

}  // namespace velo::formats
