#pragma once

/// Whole files that are compressed: gzip, zstd.

#include <arrow/io/interfaces.h>
#include <arrow/util/compression.h>

#include <memory>
#include <string>

#include "velo/error.h"

namespace velo::storage {

/// Read the content of a compressed stream; several members one after the other are one
/// content. `name` is for messages.
/// Errors, from Read: kCorruptData where the data is broken or ends too early.
Result<std::shared_ptr<arrow::io::InputStream>> decompress(
    std::shared_ptr<arrow::io::InputStream> compressed,
    arrow::Compression::type compression, std::string name);

/// Compress what is written. Close() writes the end and closes `output`.
Result<std::shared_ptr<arrow::io::OutputStream>> compress(
    std::shared_ptr<arrow::io::OutputStream> output,
    arrow::Compression::type compression);

}  // namespace velo::storage
