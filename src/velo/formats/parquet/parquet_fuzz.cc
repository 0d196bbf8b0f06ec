#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include <cstdlib>

#include "velo/formats/parquet/decoder.h"

namespace velo::formats {

// Any error is fine; a batch that is not valid, or a crash, is not.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto file = std::make_shared<arrow::io::BufferReader>(
      std::make_shared<arrow::Buffer>(data, static_cast<int64_t>(size)));
  auto decoder =
      make_parquet_decoder({.name = "fuzz.parquet", .stream = file, .file = file}, {});
  while (decoder.ok()) {
    const auto batch = (*decoder)->next({});
    if (!batch.ok() || !*batch) break;
    if (!(*batch)->Validate().ok()) std::abort();
  }
  return 0;
}

}  // namespace velo::formats
