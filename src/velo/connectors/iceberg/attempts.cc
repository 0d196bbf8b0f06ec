#include "velo/connectors/iceberg/attempts.h"

#include "velo/base/clock.h"

namespace velo::iceberg {
namespace {

constexpr int kMaxAttempts = 40;
constexpr int kMaxFailures = 5;

}  // namespace

bool Attempts::again(const Status& failure) {
  const ErrorKind kind = kind_of(failure);
  const bool is_conflict = kind == ErrorKind::kConflict;
  const bool is_unknown = kind == ErrorKind::kCommitStateUnknown;
  was_unknown_ = was_unknown_ || is_unknown;
  if (!is_conflict) ++num_failures_;
  ++number_;
  if (!is_conflict && !is_unknown && !is_retryable(failure)) return false;
  if (number_ >= kMaxAttempts || num_failures_ >= kMaxFailures) return false;
  return steady_clock().wait_for(backoff_.next(), {});
}

}  // namespace velo::iceberg
