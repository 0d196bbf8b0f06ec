#pragma once

/// Arrow to Parquet, by Arrow's own writer.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/formats/format.h"

namespace velo::formats {

struct ParquetWriteOptions {
  enum class Dictionary : int8_t { kAuto, kOn, kOff };

  std::string codec = "snappy";                 ///< none, snappy, gzip, zstd, lz4, brotli
  std::optional<int64_t> level = std::nullopt;  ///< of the codec
  std::string version = "2.6";                  ///< of the types: 1.0, 2.4, 2.6
  int64_t row_group_rows = 122880;
  /// Of rows that are not encoded yet: a group of fewer rows, when these are large.
  int64_t row_group_bytes = int64_t{64} << 20;
  int64_t page_bytes = int64_t{1} << 20;
  Dictionary dictionary = Dictionary::kAuto;  ///< kAuto: for columns whose values repeat
  bool statistics = true;                     ///< of row groups
  bool page_index = true;                     ///< and of pages
  std::vector<std::string> bloom_filters = {};  ///< columns, by name
};

/// Start encoding. Rows are kept encoded in memory until their row group is full.
/// Errors: kInvalidArgument for an option; kSchemaMismatch for a type.
Result<std::unique_ptr<Encoder>> make_parquet_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const ParquetWriteOptions& options);

}  // namespace velo::formats
