#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include <cstdlib>

#include "velo/formats/ipc/decoder.h"

// What a broken length asks for is refused, as without the sanitizer.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

namespace velo::formats {

// Any error is fine; a batch that is not valid, or a crash, is not.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const bool is_stream : {false, true}) {
    auto file = std::make_shared<arrow::io::BufferReader>(
        std::make_shared<arrow::Buffer>(data, static_cast<int64_t>(size)));
    auto decoder = make_ipc_decoder(
        {.name = "fuzz.arrow", .stream = file, .file = is_stream ? nullptr : file}, {});
    while (decoder.ok()) {
      const auto batch = (*decoder)->next({});
      if (!batch.ok() || !*batch) break;
      if (!(*batch)->ValidateFull().ok()) std::abort();
    }
  }
  return 0;
}

}  // namespace velo::formats
