#pragma once

/// The exit code of what has failed in several places.

#include <mutex>
#include <optional>
#include <vector>

namespace velo::cli {

/// Threads: safe.
class Failures {
 public:
  /// Take note of the exit code of one.
  void add(int code);

  /// Of several the worst: a bug, then what cannot be done as asked, then a system that
  /// has failed, then a stop. nullopt where there are none.
  std::optional<int> worst() const;

 private:
  mutable std::mutex mutex_;
  std::vector<int> codes_;  // guarded by mutex_
};

}  // namespace velo::cli
