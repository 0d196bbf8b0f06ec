#pragma once

/// Hashes of rows that add up, whatever the order.

#include <cstdint>
#include <string>
#include <string_view>

namespace velo::verification {

/// A number of 128 bits. Those of equal multisets of rows add up to the same; those of
/// others do, by chance, once in 2^128. Not against who wants to make them equal.
struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;

  Digest& operator+=(const Digest& other) {
    low += other.low;
    high += other.high + (low < other.low ? 1 : 0);
    return *this;
  }
  bool operator==(const Digest&) const = default;
};

/// Hash bytes.
Digest digest_of(std::string_view bytes);

/// 32 hexadecimal digits.
std::string to_string(const Digest& digest);

}  // namespace velo::verification
