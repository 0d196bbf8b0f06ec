#pragma once

/// What is counted while all rows of one side are read.

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "velo/verification/canonical_rows.h"
#include "velo/verification/digest.h"

namespace velo::verification {

/// Some rows: how many, and the sum of their hashes.
struct Count {
  int64_t num_rows = 0;
  Digest digest;

  void add(const Digest& row) {
    ++num_rows;
    digest += row;
  }
  bool operator==(const Count&) const = default;
};

/// So many parts rows are dealt to, by the hash of their keys.
inline constexpr size_t kNumParts = size_t{1} << 16;

inline size_t part_of(const Digest& key) { return key.low % kNumParts; }

/// A value of the first column of the key.
struct FirstValue {
  std::string bytes;  ///< CanonicalRows::first
  std::string text;
};

/// Some of the values that went by, each as likely as any other.
class Sample {
 public:
  /// To be called for each row.
  void add(const CanonicalRows& rows);

  std::vector<FirstValue> take() { return std::move(values_); }

 private:
  static constexpr size_t kMostValues = 2048;

  std::vector<FirstValue> values_;
  uint64_t num_seen_ = 0;
  std::mt19937_64 random_;
};

/// All rows of one side.
struct Tally {
  Count all;
  std::vector<Count> parts{kNumParts};
  Sample sample;  ///< where there is a key
};

/// Bounds of ranges with about as many rows in each, in their order, out of samples of
/// both sides.
std::vector<FirstValue> bounds_of(std::vector<FirstValue> sample,
                                  std::vector<FirstValue> other);

/// The range that a value is in: the first is before the first bound, the last from the
/// last bound on.
size_t range_of(const std::vector<FirstValue>& bounds, std::string_view first);

}  // namespace velo::verification
