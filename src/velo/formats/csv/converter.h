#pragma once

/// CSV values to Arrow columns.

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "velo/error.h"
#include "velo/formats/csv/dialect.h"
#include "velo/formats/csv/records.h"

namespace velo::formats {

/// Converts one column. Threads: thread-compatible.
class ColumnConverter {
 public:
  virtual ~ColumnConverter() = default;

  /// Convert all values; or append to `misfits` the rows of those that are not of the
  /// type, in order, and return nothing that may be used. Errors: of memory.
  virtual Result<std::shared_ptr<arrow::Array>> convert(
      CsvColumn values, std::vector<int64_t>& misfits) const = 0;
};

/// Make the converter of a type. Blanks around numbers, dates and times mean nothing.
/// With `keeps_digits` a number is a misfit if it would lose how it is written: leading
/// zeros, a plus, digits that a double does not keep.
/// Errors: kSchemaMismatch for a type that CSV cannot hold, or that the notation is not
/// for, as a phrase.
Result<std::unique_ptr<ColumnConverter>> make_csv_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation,
    bool keeps_digits);

}  // namespace velo::formats
