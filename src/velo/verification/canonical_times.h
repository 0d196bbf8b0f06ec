#pragma once

/// The bytes by which dates, times and spans of time are compared.

#include <arrow/array.h>

#include <memory>
#include <string>
#include <string_view>

#include "velo/verification/canonical.h"

namespace velo::verification {

/// The values of a column of dates, times, timestamps, durations or intervals. Errors:
/// kSchemaMismatch for any other.
Result<std::unique_ptr<CanonicalColumn>> time_column(
    const std::shared_ptr<arrow::Array>& column, CommonType type);

/// Append a text that is a date, a time or a timestamp, as `type` says. False where it is
/// none: nothing was appended.
bool append_time_text(std::string_view text, CommonType type, std::string& bytes);

}  // namespace velo::verification
