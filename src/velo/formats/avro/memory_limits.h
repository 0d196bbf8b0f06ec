#pragma once

/// How much memory decoding may take.

#include <algorithm>
#include <cstdint>

namespace velo::formats::avro {

inline constexpr int64_t kMostBatchBytes = int64_t{16} << 20;

/// What the columns' widths may be together: a null of a fixed type has one byte in a
/// file, and in memory as many as the type.
inline constexpr int64_t kMostRowBytes = int64_t{64} << 20;

/// What one record may take in memory, of so many bytes: a null in a list of wide structs
/// has one byte. Offsets within a column are 32 bits wide.
constexpr int64_t most_memory_of_record(int64_t max_record_bytes) {
  constexpr int64_t kMostExpansion = 16;
  constexpr int64_t kMostColumnBytes = int64_t{1900} << 20;
  return std::clamp(max_record_bytes * kMostExpansion, kMostBatchBytes,
                    kMostColumnBytes - kMostBatchBytes);
}

}  // namespace velo::formats::avro
