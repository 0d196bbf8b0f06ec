#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "velo/connections.h"

// A connection that is read resolves to itself.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const velo::Result<velo::Connections> connections =
      velo::Connections::from_toml(text, "velo.toml");
  if (!connections.ok()) return 0;
  const velo::Result<velo::Uri> reference = velo::parse_uri("@shop");
  const velo::Uri* shop = connections->find("shop");
  const velo::Result<velo::Uri> resolved = connections->resolve(*reference);
  if (resolved.ok() != (shop != nullptr)) std::abort();
  if (shop != nullptr && *resolved != *shop) std::abort();
  return 0;
}
