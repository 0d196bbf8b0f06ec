#include "velo/engine/retries.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::engine {
namespace {

using std::chrono::milliseconds;

// A connection that was cut is there again at once, a server in some seconds.
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{10'000};

milliseconds asked_by_the_system(const Status& failure) {
  const ErrorContext* context = context_of(failure);
  return context ? context->retry_after.value_or(milliseconds(0)) : milliseconds(0);
}

}  // namespace

bool may_pass(const Status& failure) {
  return is_retryable(failure) || kind_of(failure) == ErrorKind::kCommitStateUnknown;
}

Retries::Retries(Clock& clock, milliseconds longest,
                 std::function<void(const Retry&)> on_retry)
    : clock_(clock),
      longest_(longest),
      on_retry_(std::move(on_retry)),
      backoff_(kFirstPause, kLongestPause) {}

Status Retries::wait(const Status& failure, const std::stop_token& stop) {
  const auto stopped = [] { return make_error(ErrorKind::kCancelled, {}, "stopped"); };
  if (stop.stop_requested()) return stopped();
  const auto now = clock_.now();
  if (num_retries_ == 0) first_failure_ = now;
  const auto left = longest_ - std::chrono::floor<milliseconds>(now - first_failure_);
  const auto asked = asked_by_the_system(failure);
  if (left.count() <= 0 || asked > left) return give_up(failure);
  const auto pause = std::min(std::max(backoff_.next(), asked), left);
  ++num_retries_;
  if (on_retry_) {
    on_retry_({.failure = failure, .pause = pause, .attempt = num_retries_ + 1});
  }
  return clock_.wait_for(pause, stop) ? Status::OK() : stopped();
}

Result<std::string> Retries::remove_record(const std::function<Status()>& remove,
                                           const std::stop_token& stop) {
  succeeded();
  while (true) {
    const Status removed = remove();
    if (removed.ok()) return std::string();
    if (!may_pass(removed)) {
      return annotate(removed, "all rows are committed, and the record is not removed");
    }
    const Status waited = wait(removed, stop);
    if (!waited.ok()) return (stop.stop_requested() ? removed : waited).message();
  }
}

void Retries::succeeded() {
  num_retries_ = 0;
  backoff_.reset();
}

Status Retries::give_up(const Status& failure) const {
  if (num_retries_ == 0) return failure;
  const std::chrono::duration<double> tried = clock_.now() - first_failure_;
  return failure.WithMessage(fmt::format(
      "{}; it was tried again for {:.{}f} s, {} {}", failure.message(), tried.count(),
      tried.count() < 10 ? 1 : 0, num_retries_, num_retries_ == 1 ? "time" : "times"));
}

}  // namespace velo::engine
