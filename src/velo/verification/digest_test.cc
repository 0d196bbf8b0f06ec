#include "velo/verification/digest.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <string>

namespace velo::verification {
namespace {

TEST(Digest, AddsUpInAnyOrder) {
  Digest one;
  Digest other;
  for (const char* text : {"a", "b", "c", "b"}) one += digest_of(text);
  for (const char* text : {"b", "c", "b", "a"}) other += digest_of(text);
  EXPECT_EQ(one, other);
  other += digest_of("b");
  EXPECT_NE(one, other);
}

TEST(Digest, CarriesIntoTheUpperHalf) {
  Digest sum{.low = ~uint64_t{0}, .high = 1};
  sum += {.low = 1, .high = 0};
  EXPECT_EQ(sum, (Digest{.low = 0, .high = 2}));
  EXPECT_EQ(to_string(sum), "00000000000000020000000000000000");
}

// Lengths around those of the words that are read at once, and bytes that are all zero.
TEST(Digest, TellsBytesApart) {
  std::set<std::pair<uint64_t, uint64_t>> seen;
  size_t num_texts = 0;
  for (size_t size = 0; size < 40; ++size) {
    for (size_t at = 0; at <= size; ++at) {
      std::string bytes(size, '\0');
      if (at < size) bytes[at] = '\1';
      const Digest digest = digest_of(bytes);
      seen.emplace(digest.low, digest.high);
      ++num_texts;
    }
  }
  EXPECT_EQ(seen.size(), num_texts);
}

// One bit of the input turns about half of the bits of either half.
TEST(Digest, SpreadsBits) {
  const std::string text = "id=1234567890, name=someone";
  const Digest before = digest_of(text);
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const Digest after = digest_of(changed);
    for (const int turned : {std::popcount(before.low ^ after.low),
                             std::popcount(before.high ^ after.high)}) {
      EXPECT_GT(turned, 10) << bit;
      EXPECT_LT(turned, 54) << bit;
    }
  }
}

}  // namespace
}  // namespace velo::verification
