#pragma once

/// Arrow to Arrow IPC, by Arrow's own writer.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "velo/formats/format.h"

namespace velo::formats {

struct IpcWriteOptions {
  bool is_file = true;                          ///< with a footer; else a stream
  std::string codec = "none";                   ///< none, lz4, zstd
  std::optional<int64_t> level = std::nullopt;  ///< of the codec
};

/// Start encoding. A batch is written as it comes, small ones together. A file has the
/// values of a dictionary, a stream the dictionary too.
/// Errors: kInvalidArgument for a codec or a level.
Result<std::unique_ptr<Encoder>> make_ipc_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const IpcWriteOptions& options);

}  // namespace velo::formats
