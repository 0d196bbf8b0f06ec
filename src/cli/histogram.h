#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace velo::cli {

/// How often something took how long. Threads: thread-compatible.
class Histogram {
 public:
  /// Seconds, each bound inclusive.
  static constexpr std::array kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025,
                                         0.05,  0.1,    0.25,  0.5,  1.0,
                                         2.5,   5.0,    10.0,  25.0, 60.0};

  void observe(double seconds) {
    const auto* bound = std::ranges::lower_bound(kBounds, seconds);
    ++counts_.at(static_cast<size_t>(bound - kBounds.begin()));
    sum_ += seconds;
  }

  /// Those of at most kBounds[i]; of i = kBounds.size(), all.
  int64_t count_up_to(size_t i) const {
    int64_t count = 0;
    for (size_t bucket = 0; bucket <= i; ++bucket) count += counts_.at(bucket);
    return count;
  }

  double sum() const { return sum_; }

 private:
  std::array<int64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

}  // namespace velo::cli
