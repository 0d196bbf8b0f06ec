#include "velo/base/clock.h"

#include <condition_variable>
#include <mutex>

namespace velo {
namespace {

class SteadyClock : public Clock {
 public:
  Time now() override { return std::chrono::steady_clock::now(); }

  bool wait_until(Time time, std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_until(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
  }
};

}  // namespace

Clock& steady_clock() {
  static SteadyClock clock;
  return clock;
}

}  // namespace velo
