#pragma once

/// Which type the text of a CSV column has.

#include <arrow/csv/options.h>
#include <arrow/csv/parser.h>
#include <arrow/type.h>

#include <memory>
#include <string_view>

#include "velo/error.h"

namespace velo::formats {

/// Whether reading the text as a number of this type and printing it again would lose
/// something: leading zeros, a plus, hexadecimal digits, digits that a double does not
/// keep.
/// False for types that are no numbers.
bool would_lose_as_number(std::string_view text, const arrow::DataType& type);

/// Infer the type of a column from a parsed sample: the first of int64, decimal128(38,
/// 0) for whole numbers, double, bool, date32, timestamp (us, then ns, without and with a
/// zone) that every value has, else utf8. Where a double would lose digits of a fraction,
/// decimal128 of 38 digits, as many behind the point as any value has, if that holds them
/// all. A column of numbers written with leading zeros or a plus is utf8, since a number
/// would lose them; a column without any value is `type_of_nothing`.
Result<std::shared_ptr<arrow::DataType>> infer_csv_type(
    const arrow::csv::BlockParser& sample, int column,
    const arrow::csv::ConvertOptions& options,
    const std::shared_ptr<arrow::DataType>& type_of_nothing);

}  // namespace velo::formats
