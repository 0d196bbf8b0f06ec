#include "failures.h"

#include <algorithm>

#include "command.h"

namespace velo::cli {

void Failures::add(int code) {
  std::lock_guard lock(mutex_);
  codes_.push_back(code);
}

std::optional<int> Failures::worst() const {
  std::lock_guard lock(mutex_);
  for (const int code : {kBug, kCannotAsAsked, kSystemFailed, kInterrupted}) {
    if (std::ranges::count(codes_, code) > 0) return code;
  }
  return codes_.empty() ? std::nullopt : std::optional(codes_.front());
}

}  // namespace velo::cli
