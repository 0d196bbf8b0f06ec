#pragma once

/// Rows brought to other columns of the same names.

#include <arrow/record_batch.h>

#include <memory>
#include <string>

#include "velo/error.h"

namespace velo {

/// Bring rows to `schema`: their columns in its order and of its types, NULL where they
/// have none of that name; columns that it does not name are left out. Nothing is copied
/// of what is of its type. Errors: kSchemaMismatch, with `resource`, naming the column
/// that has a value which its type does not hold.
Result<std::shared_ptr<arrow::RecordBatch>> columns_by_name(
    const std::shared_ptr<arrow::RecordBatch>& rows,
    const std::shared_ptr<arrow::Schema>& schema, const std::string& resource);

}  // namespace velo
