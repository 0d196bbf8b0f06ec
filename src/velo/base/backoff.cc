#include "velo/base/backoff.h"

#include <algorithm>

namespace velo {

Backoff::Pause Backoff::next() {
  const Pause whole = std::min(next_, longest_);
  next_ = std::min(whole * 2, longest_);
  std::uniform_int_distribution<int64_t> some(whole.count() / 2, whole.count());
  return Pause(some(random_));
}

}  // namespace velo
