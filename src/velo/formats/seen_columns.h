#pragma once

/// Records whose columns were inferred before they were there.

#include <arrow/type.h>

#include <memory>

#include "velo/formats/format.h"

namespace velo::formats {

/// The columns that were inferred, with those that these records have beside them, and
/// types widened for their values. The very same where that would not help: the records
/// are bad.
std::shared_ptr<arrow::Schema> with_columns_of(
    const Format& format, Input records, const OptionValues& values,
    const std::shared_ptr<arrow::Schema>& inferred);

}  // namespace velo::formats
