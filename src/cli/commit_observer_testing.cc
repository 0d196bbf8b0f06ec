/// VELO_CRASH_AT=STEP[:N] ends the process, as kill -9 does, when a step of a commit is
/// reached for the N-th time. In velo_crash alone, never in what ships.

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "commit_observer.h"

namespace velo::cli {
namespace {

class CrashAt : public CommitObserver {
 public:
  CrashAt(std::string step, int times) : step_(std::move(step)), times_left_(times) {}

  void reached(CommitStep step) override {
    if (to_string(step) == step_ && --times_left_ == 0) ::kill(::getpid(), SIGKILL);
  }

 private:
  const std::string step_;
  std::atomic<int> times_left_;
};

}  // namespace

CommitObserver* commit_observer() {
  const char* text = std::getenv("VELO_CRASH_AT");
  if (!text) return nullptr;
  const std::string_view all = text;
  const size_t colon = std::min(all.find(':'), all.size());
  int times = 1;
  if (colon < all.size()) {
    std::from_chars(all.data() + colon + 1, all.data() + all.size(), times);
  }
  static CrashAt the_observer(std::string(all.substr(0, colon)), times);
  return &the_observer;
}

}  // namespace velo::cli
