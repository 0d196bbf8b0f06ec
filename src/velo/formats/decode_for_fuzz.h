#pragma once

/// What the fuzz targets of whole files share.

#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "velo/formats/format.h"

namespace velo::formats {

/// Decode any bytes, as a file and as a stream that cannot go back. Any error is fine; a
/// batch that is not valid, or a crash, is not.
inline void decode_any_bytes(Result<std::unique_ptr<Decoder>> (*make)(Input,
                                                                      DecodeOptions),
                             const uint8_t* data, size_t size) {
  for (const bool is_stream : {false, true}) {
    auto file = std::make_shared<arrow::io::BufferReader>(
        std::make_shared<arrow::Buffer>(data, static_cast<int64_t>(size)));
    auto decoder =
        make({.name = "fuzz", .stream = file, .file = is_stream ? nullptr : file}, {});
    while (decoder.ok()) {
      const auto batch = (*decoder)->next({});
      if (!batch.ok() || !*batch) break;
      if (!(*batch)->ValidateFull().ok()) std::abort();
    }
  }
}

}  // namespace velo::formats
