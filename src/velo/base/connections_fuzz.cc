#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "velo/base/utf8.h"
#include "velo/connections.h"

// A connection that is read resolves to itself; what a message says can be printed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const velo::Result<velo::Connections> connections =
      velo::Connections::from_toml(text, "velo.toml");
  if (!connections.ok()) {
    const std::string message = connections.status().message();
    if (velo::find_invalid_utf8(message) != std::string::npos) std::abort();
    return 0;
  }
  const velo::Result<velo::Uri> reference = velo::parse_uri("@shop");
  const velo::Uri* shop = connections->find("shop");
  const velo::Result<velo::Uri> resolved = connections->resolve(*reference);
  if (resolved.ok() != (shop != nullptr)) std::abort();
  if (shop != nullptr && *resolved != *shop) std::abort();
  return 0;
}
