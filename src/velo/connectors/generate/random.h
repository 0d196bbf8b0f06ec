#pragma once

/// Random numbers that are looked up, not drawn: the number of a row depends on the seed,
/// the column and the row alone, so that any range of rows can be made by itself.

#include <cstdint>
#include <string_view>

namespace velo::generate {

/// Scramble 64 bits, one to one. Source: the finaliser of SplitMix64 (Steele, Lea, Flood:
/// "Fast splittable pseudorandom number generators", 2014).
constexpr uint64_t scramble(uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

/// The random numbers of one column. A cheap value.
class RandomColumn {
 public:
  /// `name` is the column's name with its table's: it tells the columns of a seed apart.
  constexpr RandomColumn(uint64_t seed, std::string_view name)
      : start_(scramble(scramble(seed) + hash(name))) {}

  /// 64 uniform bits.
  constexpr uint64_t at(int64_t row) const {
    return scramble(start_ + static_cast<uint64_t>(row) * 0x9E3779B97F4A7C15);
  }

 private:
  static constexpr uint64_t hash(std::string_view name) {  // FNV-1a
    uint64_t bits = 0xCBF29CE484222325;
    for (const char c : name) {
      bits = (bits ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    }
    return bits;
  }

  uint64_t start_;
};

/// A number from 0 to bound - 1, from the upper half of the bits.
constexpr uint32_t below(uint32_t bound, uint64_t bits) {
  return static_cast<uint32_t>(((bits >> 32) * bound) >> 32);
}

/// As below, from the lower half: a second number from the same bits.
constexpr uint32_t below_too(uint32_t bound, uint64_t bits) {
  return static_cast<uint32_t>(((bits & 0xFFFFFFFF) * bound) >> 32);
}

/// A number from 0 to bound - 1, small ones more often than large ones.
constexpr uint32_t skewed_below(uint32_t bound, uint64_t bits) {
  return below(bound, (bits >> 32) * (bits & 0xFFFFFFFF));
}

}  // namespace velo::generate
