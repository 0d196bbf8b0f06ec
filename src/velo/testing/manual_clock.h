#pragma once

/// Time that passes only when it is waited for.

#include <algorithm>
#include <chrono>
#include <functional>
#include <stop_token>

#include "velo/base/clock.h"

namespace velo::testing {

/// Threads: thread-compatible.
class ManualClock : public Clock {
 public:
  Time now() override { return now_; }
  bool wait_until(Time time, std::stop_token stop) override {
    if (on_wait) on_wait(std::chrono::ceil<std::chrono::milliseconds>(time - now_));
    if (stop.stop_requested()) return false;
    now_ = std::max(now_, time);
    return true;
  }
  void advance(std::chrono::milliseconds duration) { now_ += duration; }
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
  }

  /// Called before each wait; may be empty.
  std::function<void(std::chrono::milliseconds)> on_wait;

 private:
  Time now_{};
};

}  // namespace velo::testing
