#include "velo/base/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace velo {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToTheLongest) {
  Backoff backoff(100ms, 1s, /*seed=*/7);
  for (const auto whole : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const auto pause = backoff.next();
    EXPECT_GE(pause, whole / 2);
    EXPECT_LE(pause, whole);
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), 100ms);
}

TEST(Backoff, IsAnotherForEachWhoWaits) {
  std::set<Backoff::Pause> pauses;
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    pauses.insert(Backoff(100s, 100s, seed).next());
  }
  EXPECT_GT(pauses.size(), 5U);
}

TEST(Backoff, TakesAFirstThatIsLongerThanTheLongest) {
  EXPECT_LE(Backoff(10s, 1s).next(), 1s);
}

}  // namespace
}  // namespace velo
