#pragma once

/// Some bytes of a file, one after the other.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>

#include "velo/error.h"

namespace velo::fileset {

/// Reads the bytes from `begin` up to `end` in their order, with the file's own Read(),
/// which of a remote one is a single request. Nobody else may Read() or Seek() it;
/// ReadAt() is free. Threads: thread-compatible.
std::shared_ptr<arrow::io::InputStream> read_part(
    std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t begin, int64_t end);

}  // namespace velo::fileset
