#pragma once

/// What `velo check` tries at a source or a sink.

#include <functional>
#include <string>
#include <utility>

#include "velo/error.h"

namespace velo {

/// One thing that was tried.
struct CheckStep {
  std::string what;  ///< "sign in"
  std::string
      found;  ///< what was learnt: "PostgreSQL 15.14, as shop"; where it failed, empty
  Status status;       ///< why it failed, and what to do
  bool lacks = false;  ///< whether it works, and something is missing that `found` names
};

/// Hears of the steps of a check, in their order. Threads: thread-compatible.
class CheckReport {
 public:
  explicit CheckReport(std::function<void(const CheckStep&)> tell)
      : tell_(std::move(tell)) {}

  /// Tell how a step went; returns that, so that what needs it need not be tried.
  Status tried(std::string what, const Result<std::string>& outcome);

  /// Tell of something that is missing, and that it works without.
  void lacks(std::string what, std::string found);

  /// The first failure; OK without one.
  const Status& failure() const { return failure_; }

 private:
  const std::function<void(const CheckStep&)> tell_;
  Status failure_;
};

}  // namespace velo
