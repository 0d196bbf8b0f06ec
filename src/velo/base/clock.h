#pragma once

/// Where time comes from, so that a test can be its own clock.

#include <chrono>
#include <stop_token>
#include <utility>

namespace velo {

/// A monotonic clock that can be waited on. Threads: safe.
class Clock {
 public:
  using Time = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  virtual Time now() = 0;

  /// Wait until `time`; false when `stop` was requested first.
  virtual bool wait_until(Time time, std::stop_token stop) = 0;

  bool wait_for(std::chrono::milliseconds time, std::stop_token stop) {
    return wait_until(now() + time, std::move(stop));
  }
};

/// The machine's own clock.
Clock& steady_clock();

}  // namespace velo
