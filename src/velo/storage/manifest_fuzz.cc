#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "velo/base/utf8.h"
#include "velo/storage/manifest.h"

// What is read can be written and read again; what a message says can be printed; no path
// leads out.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = storage::decode_manifest("1.json", text);
  if (!manifest.ok()) {
    const std::string message = manifest.status().message();
    if (find_invalid_utf8(message) != std::string::npos) std::abort();
  } else {
    const std::string written = storage::encode_manifest(*manifest);
    const auto again = storage::decode_manifest("1.json", written);
    if (!again.ok() || storage::encode_manifest(*again) != written) std::abort();
    if (again->record.positions != manifest->record.positions) std::abort();
    for (const auto& file : manifest->files) {
      if (file.path.starts_with('/') || file.path.starts_with("../")) std::abort();
    }
  }
  const auto files = storage::decode_token({std::string(text)});
  if (files.ok() && *storage::decode_token(storage::encode_token(*files)) != *files) {
    std::abort();
  }
  return 0;
}
