#pragma once

/// Rows that are known already, as a source.

#include <arrow/record_batch.h>

#include <memory>

#include "velo/source.h"

namespace velo::sql {

std::unique_ptr<DataSource> make_rows_source(std::shared_ptr<arrow::RecordBatch> rows);

}  // namespace velo::sql
