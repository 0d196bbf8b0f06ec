#pragma once

/// Trying again what may pass.

#include <chrono>
#include <functional>
#include <stop_token>

#include "velo/base/backoff.h"
#include "velo/base/clock.h"
#include "velo/pipeline.h"

namespace velo::engine {

/// Whether it may be another time, or be done by now: kTransient, kThrottled,
/// kCommitStateUnknown.
bool may_pass(const Status& failure);

/// Decides whether what has failed is tried again, and waits until then: for so long in
/// all since the last success. Threads: thread-compatible.
class Retries {
 public:
  /// The clock outlives it; `on_retry` may be empty. `longest` of 0: nothing is tried
  /// again.
  Retries(Clock& clock, std::chrono::milliseconds longest,
          std::function<void(const Retry&)> on_retry);

  /// Tell of the failure and pause, as long as the system asks where it does
  /// (ErrorContext::retry_after). OK: it is to be tried again. Errors: `failure` where
  /// the time is over, with how often it was tried; kCancelled where a stop came first.
  Status wait(const Status& failure, const std::stop_token& stop);

  /// What fails from now on is another failure, with all of the time.
  void succeeded();

  /// Remove the record of what is done, again and again while its failure may pass: who
  /// failed now, for an answer that was lost, would be run again, and where the record is
  /// gone that would write all rows twice. Answers Progress::record_left. Errors: those
  /// that do not pass.
  Result<std::string> remove_record(const std::function<Status()>& remove,
                                    const std::stop_token& stop);

 private:
  Status give_up(const Status& failure) const;

  Clock& clock_;
  const std::chrono::milliseconds longest_;
  const std::function<void(const Retry&)> on_retry_;
  Backoff backoff_;
  int num_retries_ = 0;  // since the last success
  Clock::Time first_failure_;
};

}  // namespace velo::engine
