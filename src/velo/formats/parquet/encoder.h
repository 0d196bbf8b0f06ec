#pragma once

/// Arrow to Parquet, by Arrow's own writer.

#include <cstdint>
#include <memory>
#include <string>

#include "velo/formats/format.h"

namespace velo::formats {

struct ParquetWriteOptions {
  std::string codec = "snappy";  ///< none, snappy, gzip, zstd, lz4, brotli
  int64_t row_group_rows = 122880;
};

/// Start encoding. Rows are kept encoded in memory until their row group is full.
/// Errors: kInvalidArgument for a codec; kSchemaMismatch for a type.
Result<std::unique_ptr<Encoder>> make_parquet_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const ParquetWriteOptions& options);

}  // namespace velo::formats
