#pragma once

/// Rows into the directories that their values name.

#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/error.h"

namespace velo::fileset {

/// The rows of a batch that belong into one directory, without the partition columns.
struct PartitionRows {
  std::string directory;  ///< "country=NL/year=2026/", "" without partition columns
  std::shared_ptr<arrow::RecordBatch> rows;
};

/// Split a batch by the values of the partition columns, as Hive names directories, so
/// that each value reads back as it was: NULL is "column=__HIVE_DEFAULT_PARTITION__", the
/// empty text "column=". In names and values other bytes than letters, digits and -._~
/// are percent-encoded, and the first one of a text that readers would take for NULL.
/// Keeps the order of rows within a directory. Errors: kSchemaMismatch for a column that
/// is not there, cannot be written as text, or has a value too long for a file system.
Result<std::vector<PartitionRows>> split_by_partition(
    const std::shared_ptr<arrow::RecordBatch>& rows,
    const std::vector<std::string>& partition_by);

}  // namespace velo::fileset
