#pragma once

#include <arrow/record_batch.h>

#include <memory>

#include "velo/error.h"

namespace velo::formats {

/// The rows with their columns, in the same order, as the types of `schema`: those that a
/// format has for them. Errors: kSchemaMismatch for a value that does not fit, naming the
/// column.
Result<std::shared_ptr<arrow::RecordBatch>> columns_as(
    const std::shared_ptr<arrow::Schema>& schema, const arrow::RecordBatch& rows);

}  // namespace velo::formats
