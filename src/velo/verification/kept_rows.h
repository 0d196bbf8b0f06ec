#pragma once

/// Rows that may differ, by their keys.

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "velo/verification/canonical_rows.h"
#include "velo/verification/tally.h"

namespace velo::verification {

/// The rows of one key: how many there are, and the first of them.
struct KeptRow {
  Count count;
  std::vector<std::string> values;  ///< CanonicalRows::value
  std::vector<VerifiedValue> texts;
};

/// Below it the hash of a key must be for its rows to be kept: whoever has too many on
/// one side lowers it for both. Threads: safe.
class KeyLimit {
 public:
  bool admits(const Digest& key) const { return key.high <= limit_.load(); }
  bool admits_all() const { return limit_.load() == kNone; }
  void halve() { limit_ = limit_.load() / 2; }

 private:
  static constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();
  std::atomic<uint64_t> limit_{kNone};
};

/// Keeps those rows of one side that are in parts which differ. Threads:
/// thread-compatible.
class KeptRows {
 public:
  /// `columns` and `limit` outlive it.
  KeptRows(const ComparedColumns& columns, Side side, KeyLimit& limit)
      : columns_(columns), side_(side), limit_(limit) {}

  /// Keep the row that `rows` stands at; `key` is the hash of its key, `row` its own.
  void add(const CanonicalRows& rows, const Digest& key, const Digest& row);

  /// Those that the limit admits, by their keys.
  std::map<std::string, KeptRow, std::less<>> take();

 private:
  void keep_admitted();

  const ComparedColumns& columns_;
  const Side side_;
  KeyLimit& limit_;
  std::map<std::string, KeptRow, std::less<>> rows_;
  size_t num_bytes_ = 0;
};

}  // namespace velo::verification
