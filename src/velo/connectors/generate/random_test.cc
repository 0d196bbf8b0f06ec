#include "velo/connectors/generate/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace velo::generate {
namespace {

TEST(Random, ScrambleIsSplitMix64) {
  // The first numbers of the reference implementation seeded with 1234567.
  constexpr std::array<uint64_t, 3> kExpected = {
      6457827717110365317U, 3203168211198807973U, 9817491932198370423U};
  uint64_t state = 1234567;
  for (const uint64_t expected : kExpected) {
    state += 0x9E3779B97F4A7C15;
    EXPECT_EQ(scramble(state), expected);
  }
}

TEST(Random, DependsOnSeedColumnAndRow) {
  const RandomColumn random(1, "orders.id");
  EXPECT_EQ(random.at(7), RandomColumn(1, "orders.id").at(7));
  EXPECT_NE(random.at(7), random.at(8));
  EXPECT_NE(random.at(7), RandomColumn(2, "orders.id").at(7));
  EXPECT_NE(random.at(7), RandomColumn(1, "orders.at").at(7));
}

TEST(Random, StaysBelow) {
  EXPECT_EQ(below(10, 0), 0);
  EXPECT_EQ(below(10, ~uint64_t{0}), 9);
  EXPECT_EQ(below_too(10, 0), 0);
  EXPECT_EQ(below_too(10, ~uint64_t{0}), 9);
  EXPECT_EQ(skewed_below(10, 0), 0);
  EXPECT_EQ(skewed_below(10, ~uint64_t{0}), 9);
}

TEST(Random, IsUniform) {
  const RandomColumn random(1, "test");
  std::array<int, 8> upper{};
  std::array<int, 8> lower{};
  for (int64_t row = 0; row < 80'000; ++row) {
    ++upper[below(8, random.at(row))];
    ++lower[below_too(8, random.at(row))];
  }
  for (const auto& counts : {upper, lower}) {
    EXPECT_GT(*std::ranges::min_element(counts), 9'600);
    EXPECT_LT(*std::ranges::max_element(counts), 10'400);
  }
}

}  // namespace
}  // namespace velo::generate
