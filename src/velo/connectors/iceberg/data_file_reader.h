#pragma once

/// The rows of one data file, as columns of the table.

#include <arrow/record_batch.h>

#include <memory>
#include <stop_token>
#include <vector>

#include "velo/connectors/iceberg/file_io.h"
#include "velo/connectors/iceberg/manifest.h"
#include "velo/connectors/iceberg/table_metadata.h"
#include "velo/formats/format.h"

namespace velo::iceberg {

/// What is read of each file.
struct WantedColumns {
  std::vector<Column> columns;
  std::shared_ptr<arrow::Schema> schema;    ///< of them
  std::vector<int> identity_partition_ids;  ///< see TableMetadata
  int64_t memory_bytes = 0;                 ///< see ReadOptions
};

/// Threads: thread-compatible.
class DataFileReader {
 public:
  /// Open a file and find the columns by their field ids. Errors: kPositionLost where the
  /// file is gone; kCorruptData; kNotImplemented for files without ids. `wanted` outlives
  /// it.
  static Result<std::unique_ptr<DataFileReader>> open(FileIo& files, const DataFile& file,
                                                      const WantedColumns& wanted,
                                                      std::stop_token stop);

  /// Read the next rows; nullptr at the end. A column that the file lacks is NULL.
  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop);

 private:
  DataFileReader(const DataFile& file, const WantedColumns& wanted)
      : path_(file.path), wanted_(wanted) {}

  Result<std::vector<std::string>> choose(const arrow::Schema& schema);
  Result<std::shared_ptr<arrow::Array>> column_of(const arrow::RecordBatch& rows,
                                                  size_t index) const;

  const std::string path_;
  const WantedColumns& wanted_;
  std::vector<int> places_;  // of each wanted column in the file's batches; -1: not there
  std::unique_ptr<formats::Decoder> decoder_;
};

}  // namespace velo::iceberg
