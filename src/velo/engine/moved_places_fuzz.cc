#include "velo/engine/moved_places.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// A position.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using velo::engine::MovedPlaces;
  const velo::Position position{std::string(reinterpret_cast<const char*>(data), size)};
  const auto moved = MovedPlaces::decode(position);
  if (!moved.ok()) return 0;
  const velo::Position written = moved->encode();
  const auto again = MovedPlaces::decode(written);
  if (!again.ok() || again->encode() != written) std::abort();
  for (uint32_t place = 0; place <= UINT16_MAX; ++place) {
    const auto one = static_cast<uint16_t>(place);
    if (moved->contains(one) != again->contains(one)) std::abort();
  }
  return 0;
}
