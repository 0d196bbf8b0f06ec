#pragma once

/// How often a change of a table is tried.

#include <chrono>

#include "velo/base/backoff.h"
#include "velo/error.h"

namespace velo::iceberg {

/// Decides whether to try once more. Threads: thread-compatible.
class Attempts {
 public:
  /// How many there were before this one.
  int number() const { return number_; }

  /// Whether one of them may have succeeded, as far as is known.
  bool was_unknown() const { return was_unknown_; }

  /// Wait for a while, which grows. False where trying again is of no use: `failure` is
  /// what to say. Others who commit to the same table are waited for longer than a
  /// catalog that fails.
  bool again(const Status& failure);

 private:
  Backoff backoff_{std::chrono::milliseconds(40), std::chrono::seconds(1)};
  int number_ = 0;
  int num_failures_ = 0;
  bool was_unknown_ = false;
};

}  // namespace velo::iceberg
