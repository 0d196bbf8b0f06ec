#pragma once

/// How much memory it takes to read a Parquet file.

#include <arrow/io/interfaces.h>
#include <parquet/metadata.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace velo::formats {

/// What the columns wanted take.
struct Extent {
  int64_t num_bytes = 0;  ///< as they are in the file, of the largest row group
  double row_bytes = 0;   ///< of one row, decoded, where rows are largest; about
};

/// What a batch is to have at most.
struct BatchLimits {
  int64_t num_rows = 0;
  int64_t num_bytes = 0;
};

/// Measure the leaf columns by the file's metadata. How long texts are that repeat is
/// told by newer writers only: where it matters, the first dictionary of a column is
/// looked at. Throws what Arrow throws.
Extent extent_of(const std::shared_ptr<arrow::io::RandomAccessFile>& file,
                 const std::shared_ptr<parquet::FileMetaData>& metadata,
                 const std::vector<int>& leaves, const BatchLimits& limits);

}  // namespace velo::formats
