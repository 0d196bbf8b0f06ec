#include "velo/base/random_id.h"

#include <fmt/format.h>

#include <random>

namespace velo {

std::string random_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace velo
