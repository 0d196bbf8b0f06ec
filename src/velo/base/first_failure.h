#pragma once

#include <type_traits>
#include <utility>

#include "velo/error.h"

namespace velo {

/// The first error of a reader, which is what every later call returns.
/// Threads: thread-compatible.
class FirstFailure {
 public:
  /// What `call` returns, a Result; or the error that an earlier one has returned.
  template <typename Call>
  std::invoke_result_t<Call> unless_failed(Call&& call) {
    if (!failure_.ok()) return failure_;
    auto answer = std::forward<Call>(call)();
    failure_ = answer.status();
    return answer;
  }

 private:
  Status failure_;
};

}  // namespace velo
