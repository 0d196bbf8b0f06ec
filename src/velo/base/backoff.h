#pragma once

/// Pauses between attempts.

#include <chrono>
#include <cstdint>
#include <random>

namespace velo {

/// Pauses that double up to a longest one. Each is drawn from the upper half of its
/// length, so that those who have failed together do not come back together.
/// Threads: thread-compatible.
class Backoff {
 public:
  using Pause = std::chrono::milliseconds;

  Backoff(Pause first, Pause longest, uint32_t seed = std::random_device{}())
      : first_(first), longest_(longest), next_(first), random_(seed) {}

  /// The pause before the next attempt.
  Pause next();

  /// Begin again with the first one.
  void reset() { next_ = first_; }

 private:
  const Pause first_;
  const Pause longest_;
  Pause next_;
  std::minstd_rand random_;
};

}  // namespace velo
