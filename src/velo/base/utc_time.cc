#include "velo/base/utc_time.h"

#include <fmt/chrono.h>

#include <chrono>

namespace velo {

std::string utc_now() {
  const auto now = std::chrono::system_clock::now();
  return fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
}

}  // namespace velo
