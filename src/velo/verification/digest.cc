#include "velo/verification/digest.h"

#include <fmt/format.h>

#include <cstring>

namespace velo::verification {
namespace {

// Digits of the golden ratio, of the square roots of 2, 3, 5 and of pi: odd, with about
// as many ones as zeros.
constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;
constexpr uint64_t kRootOfTwo = 0x6A09E667F3BCC909;
constexpr uint64_t kRootOfThree = 0xBB67AE8584CAA73B;
constexpr uint64_t kRootOfFive = 0x3C6EF372FE94F82B;
constexpr uint64_t kPi = 0x243F6A8885A308D3;

constexpr size_t kWordBytes = 8;
constexpr size_t kBlockBytes = 2 * kWordBytes;

// The product's upper half depends on all bits of both, the lower one on those below.
uint64_t fold(uint64_t one, uint64_t other) {
  const auto product = static_cast<unsigned __int128>(one) * other;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t word_at(const char* bytes, size_t num_bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, num_bytes);
  return word;
}

struct Lanes {
  uint64_t one;
  uint64_t other;

  void take(uint64_t first, uint64_t second) {
    one = fold(one ^ first ^ kRootOfTwo, second ^ kRootOfThree) + second;
    other = fold(other ^ second ^ kRootOfFive, first ^ kPi) + first;
  }
};

}  // namespace

Digest digest_of(std::string_view bytes) {
  Lanes lanes{kGolden ^ bytes.size(), kPi + bytes.size()};
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= kBlockBytes; left -= kBlockBytes, at += kBlockBytes) {
    lanes.take(word_at(at, kWordBytes), word_at(at + kWordBytes, kWordBytes));
  }
  if (left > kWordBytes) {
    lanes.take(word_at(at, kWordBytes), word_at(at + kWordBytes, left - kWordBytes));
  } else if (left > 0) {
    lanes.take(word_at(at, left), 0);
  }
  lanes.take(lanes.other, lanes.one);
  return {.low = fold(lanes.one, kGolden) ^ lanes.other,
          .high = fold(lanes.other, kRootOfTwo) ^ lanes.one};
}

std::string to_string(const Digest& digest) {
  return fmt::format("{:016x}{:016x}", digest.high, digest.low);
}

}  // namespace velo::verification
