#include "velo/engine/retries.h"

#include <gtest/gtest.h>

#include <vector>

#include "velo/testing/manual_clock.h"
#include "velo/testing/matchers.h"

namespace velo::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using testing::ManualClock;

const Status kLost = make_error(ErrorKind::kTransient, {}, "the connection is lost");

class RetriesTest : public ::testing::Test {
 protected:
  Retries make(std::chrono::milliseconds longest) {
    return {clock_, longest, [this](const Retry& retry) { told_.push_back(retry); }};
  }

  ManualClock clock_;
  std::vector<Retry> told_;
};

TEST_F(RetriesTest, PauseLongerAndLongerUntilTheTimeIsOver) {
  Retries retries = make(60s);
  Status last;
  while ((last = retries.wait(kLost, {})).ok()) {
  }
  EXPECT_EQ(clock_.elapsed(), 60s) << "the last attempt is at its end";
  ASSERT_GT(told_.size(), 8U);
  EXPECT_LE(told_[0].pause, 200ms);
  EXPECT_EQ(told_[0].attempt, 2);
  EXPECT_EQ(told_[0].failure, kLost);
  for (size_t i = 1; i < 6; ++i) EXPECT_GE(told_[i].pause, told_[i - 1].pause) << i;
  for (const Retry& retry : told_) EXPECT_LE(retry.pause, 10s);
  EXPECT_THAT(last, IsError(ErrorKind::kTransient,
                            "the connection is lost; it was tried again for 60 s, " +
                                std::to_string(told_.size()) + " times"));
}

TEST_F(RetriesTest, AreNoneWithoutTime) {
  Retries retries = make(0s);
  EXPECT_EQ(retries.wait(kLost, {}), kLost);
  EXPECT_TRUE(told_.empty());
}

TEST_F(RetriesTest, CountTheTimeOfTheAttempts) {
  Retries retries = make(5s);
  EXPECT_THAT(retries.wait(kLost, {}), IsOk());
  clock_.advance(6s);
  EXPECT_THAT(retries.wait(kLost, {}),
              IsError(ErrorKind::kTransient, HasSubstr("for 6.")));
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(RetriesTest, HaveAllOfTheTimeAfterASuccess) {
  Retries retries = make(1s);
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(retries.wait(kLost, {}), IsOk());
    EXPECT_LE(told_.back().pause, 200ms);
    EXPECT_EQ(told_.back().attempt, 2);
    clock_.advance(10s);
    retries.succeeded();
  }
}

TEST_F(RetriesTest, WaitForAsLongAsTheSystemAsks) {
  Retries retries = make(60s);
  const auto busy = [](std::chrono::milliseconds time) {
    return make_error(ErrorKind::kThrottled, {.retry_after = time}, "slow down");
  };
  EXPECT_THAT(retries.wait(busy(20s), {}), IsOk());
  EXPECT_EQ(told_.back().pause, 20s);
  EXPECT_THAT(retries.wait(busy(1ms), {}), IsOk());
  EXPECT_GT(told_.back().pause, 1ms);
  EXPECT_THAT(retries.wait(busy(50s), {}),
              IsError(ErrorKind::kThrottled, HasSubstr("for 20 s, 2 times")))
      << "that is beyond the time";
  EXPECT_LT(clock_.elapsed(), 21s);
}

TEST_F(RetriesTest, EndWithAStop) {
  Retries retries = make(60s);
  std::stop_source stop;
  clock_.on_wait = [&](std::chrono::milliseconds) { stop.request_stop(); };
  EXPECT_THAT(retries.wait(kLost, stop.get_token()),
              IsError(ErrorKind::kCancelled, HasSubstr("stopped")));
  EXPECT_THAT(retries.wait(kLost, stop.get_token()),
              IsError(ErrorKind::kCancelled, HasSubstr("stopped")));
  EXPECT_EQ(told_.size(), 1U) << "there is no other attempt to tell of";
  EXPECT_EQ(clock_.elapsed(), 0ms);
}

}  // namespace
}  // namespace velo::engine
