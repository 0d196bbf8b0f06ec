#pragma once

/// The converters of each family of types; nullptr for a type that is none of them.

#include <arrow/type.h>

#include <memory>

#include "velo/formats/csv/converter.h"

namespace velo::formats {

/// Integers and floating point. A float beyond the range of its type is a misfit.
std::unique_ptr<ColumnConverter> make_number_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation,
    bool keeps_digits);

/// Decimals of 128 and 256 bits. A value is not rounded.
std::unique_ptr<ColumnConverter> make_decimal_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation,
    bool keeps_digits);

/// Dates, times, timestamps. A timestamp has a zone where its type has one, and only
/// there. Errors: kSchemaMismatch where the notation's format has not what the type
/// needs.
Result<std::unique_ptr<ColumnConverter>> make_time_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation);

/// Text, which must be UTF-8, and bytes.
std::unique_ptr<ColumnConverter> make_text_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation);

/// Booleans, and columns of nothing but NULL.
std::unique_ptr<ColumnConverter> make_word_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation);

}  // namespace velo::formats
