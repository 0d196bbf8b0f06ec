#pragma once

/// Floating-point numbers of CSV that fit their type.

#include <arrow/csv/converter.h>
#include <arrow/csv/options.h>

#include <memory>

namespace velo::formats {

/// Make a converter of float or double columns that refuses a number beyond the type's
/// range, such as 1e400, where Arrow's, `general`, reads infinity. A text that says
/// infinity is one.
std::shared_ptr<arrow::csv::Converter> make_float_converter(
    const arrow::csv::ConvertOptions& options,
    std::shared_ptr<arrow::csv::Converter> general);

}  // namespace velo::formats
