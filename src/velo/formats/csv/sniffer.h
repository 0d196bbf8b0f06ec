#pragma once

/// Finds out by a sample what nobody said of a CSV text.

#include <optional>
#include <string_view>

#include "velo/error.h"
#include "velo/formats/csv/dialect.h"

namespace velo::formats {

struct SniffedDelimiter {
  std::optional<char> delimiter;  ///< nullopt where none fits
  bool has_record = false;        ///< the sample has a whole record
};

/// Find the delimiter that cuts every record of the sample into as many values, more than
/// one; of several the one that makes most of them. `,` where no record has any of them.
SniffedDelimiter sniff_delimiter(std::string_view sample, bool is_last,
                                 const CsvDialect& dialect);

/// Whether the first record of a sample names the columns: a value in it is not of the
/// type that the column's other values have. Where these are all text, it does; a file of
/// one record has a header if all its values are text.
Result<bool> looks_like_header(std::string_view sample, bool is_last,
                               const CsvDialect& dialect);

}  // namespace velo::formats
