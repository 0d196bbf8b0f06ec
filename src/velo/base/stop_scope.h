#pragma once

#include <stop_token>
#include <utility>

namespace velo {

/// Has what is done with something end soon after a stop, by its set_stop(), as long as
/// the scope lives. Not to be nested.
template <typename Stoppable>
class [[nodiscard]] StopScope {
 public:
  StopScope(Stoppable& stoppable, std::stop_token stop) : stoppable_(stoppable) {
    stoppable_.set_stop(std::move(stop));
  }
  ~StopScope() { stoppable_.set_stop({}); }
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

 private:
  Stoppable& stoppable_;
};

}  // namespace velo
