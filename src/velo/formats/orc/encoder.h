#pragma once

/// Arrow to ORC, by the ORC library inside Arrow.

#include <cstdint>
#include <memory>
#include <string>

#include "velo/formats/format.h"

namespace velo::formats {

struct OrcWriteOptions {
  std::string codec = "zstd";  ///< none, zlib, snappy, lz4, zstd
  int64_t stripe_bytes = int64_t{16} << 20;
};

/// Start encoding. A column of a type that ORC does not have is written as one that holds
/// all of its values, where there is one: uint32 as bigint. A stripe is kept encoded in
/// memory until it is full. Errors: kInvalidArgument for a codec; kSchemaMismatch naming
/// a column whose type ORC does not have.
Result<std::unique_ptr<Encoder>> make_orc_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OrcWriteOptions& options);

}  // namespace velo::formats
