#pragma once

/// Which type the text of a CSV column has.

#include <arrow/type.h>

#include <memory>

#include "velo/error.h"
#include "velo/formats/csv/dialect.h"
#include "velo/formats/csv/records.h"

namespace velo::formats {

/// Infer the type of a column from a sample of its values: the first of int64,
/// decimal128(38, 0) for whole numbers, double, bool, date32, timestamp (us, then ns,
/// without and with a zone) that every value has, else utf8. Where a double would lose
/// digits of a fraction, decimal128 of 38 digits, as many behind the point as any value
/// has, if that holds them all. A column of numbers written with leading zeros or a plus
/// is utf8, since a number would lose them; a column without any value is
/// `type_of_nothing`.
Result<std::shared_ptr<arrow::DataType>> infer_csv_type(
    CsvColumn sample, const CsvNotation& notation,
    const std::shared_ptr<arrow::DataType>& type_of_nothing);

/// Whether every value of the column is of the type, and loses nothing in it.
Result<bool> fits_csv_type(const CsvColumn& column, const CsvNotation& notation,
                           const std::shared_ptr<arrow::DataType>& type);

}  // namespace velo::formats
