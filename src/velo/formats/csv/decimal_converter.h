#pragma once

/// Decimals from CSV, faster than Arrow's converter and to the same values.

#include <arrow/csv/converter.h>
#include <arrow/csv/options.h>

#include <memory>

#include "velo/error.h"

namespace velo::formats {

/// Make the converter of a column: for decimals of up to 18 digits one that reads plain
/// values (-12.34) itself and leaves a block with any other value (1e3, +1, blanks, an
/// error) to Arrow's; else Arrow's. `options` must outlive it.
/// Errors: as arrow::csv::Converter::Make.
Result<std::shared_ptr<arrow::csv::Converter>> make_csv_converter(
    const std::shared_ptr<arrow::DataType>& type,
    const arrow::csv::ConvertOptions& options);

}  // namespace velo::formats
