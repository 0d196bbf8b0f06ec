#pragma once

/// Rows into the directories that their values name.

#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/error.h"

namespace velo::file {

/// The rows of a batch that belong into one directory, without the partition columns.
struct PartitionRows {
  std::string directory;  ///< "country=NL/year=2026/", "" without partition columns
  std::shared_ptr<arrow::RecordBatch> rows;
};

/// Split a batch by the values of the partition columns, as Hive names directories: NULL
/// and the empty text are __HIVE_DEFAULT_PARTITION__, other bytes than letters, digits
/// and
/// -._~ are percent-encoded. Keeps the order of rows within a directory.
/// Errors: kSchemaMismatch for a column that is not there, or cannot be written as text.
Result<std::vector<PartitionRows>> split_by_partition(
    const std::shared_ptr<arrow::RecordBatch>& rows,
    const std::vector<std::string>& partition_by);

}  // namespace velo::file
