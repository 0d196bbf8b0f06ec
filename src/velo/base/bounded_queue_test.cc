#include "velo/base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "velo/testing/matchers.h"

namespace velo {
namespace {

using namespace std::chrono_literals;
using testing::IsError;

constexpr auto kLong = std::chrono::hours(1);

TEST(BoundedQueue, HoldsNoMoreThanItsBytes) {
  BoundedQueue<int> queue(100);
  std::atomic<int> num_pushed = 0;
  std::jthread pushing([&](std::stop_token stop) {
    for (int i = 0; i < 100; ++i) {
      if (!queue.push(i, 40, stop)) return;
      ++num_pushed;
    }
    queue.close();
  });
  for (int i = 0; i < 100; ++i) {
    const auto item = queue.pop({});
    ASSERT_TRUE(item.ok() && *item);
    EXPECT_EQ(**item, i);
    EXPECT_LE(num_pushed, i + 4);  // two held, one popped, one on its way
  }
  EXPECT_FALSE(queue.pop({}).ValueOrDie());
}

TEST(BoundedQueue, LetsALargeItemPassAlone) {
  BoundedQueue<int> queue(10);
  int second = 2;
  EXPECT_TRUE(queue.push(1, 1000, {}));
  EXPECT_FALSE(queue.push_for(second, 1, 0ns, {}));
  EXPECT_EQ(queue.pop({}).ValueOrDie(), 1);
  EXPECT_TRUE(queue.push_for(second, 1, 0ns, {}));
}

TEST(BoundedQueue, HasRoomForWhatHasNoBytes) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(queue.push(1, 1000, {}));
  EXPECT_TRUE(queue.push(2, 0, {}));
}

TEST(BoundedQueue, TakesNothingFromAnItemThatHasNoRoom) {
  BoundedQueue<std::unique_ptr<int>> queue(10);
  EXPECT_TRUE(queue.push(std::make_unique<int>(1), 10, {}));
  auto item = std::make_unique<int>(2);
  EXPECT_FALSE(queue.push_for(item, 1, 1ms, {}));
  ASSERT_TRUE(item);
  EXPECT_EQ(*item, 2);
  queue.close();
  EXPECT_FALSE(queue.push_for(item, 0, 1ms, {}));
  EXPECT_TRUE(item);
}

TEST(BoundedQueue, WaitsOnlySoLong) {
  BoundedQueue<int> queue(10);
  EXPECT_EQ(queue.pop_for(1ms, {}).ValueOrDie(), std::nullopt);
  EXPECT_EQ(queue.pop_for(0ns, {}).ValueOrDie(), std::nullopt);
  std::jthread pushing([&] { queue.push(1, 1, {}); });
  EXPECT_EQ(queue.pop_for(kLong, {}).ValueOrDie(), 1);
}

TEST(BoundedQueue, WaitsUntilStopped) {
  BoundedQueue<int> queue(10);
  std::stop_source stop;
  std::jthread stopping([&] { stop.request_stop(); });
  EXPECT_EQ(queue.pop(stop.get_token()).ValueOrDie(), std::nullopt);
  EXPECT_EQ(queue.pop_for(kLong, stop.get_token()).ValueOrDie(), std::nullopt);
  int item = 2;
  EXPECT_TRUE(queue.push(1, 10, stop.get_token())) << "there was room";
  EXPECT_FALSE(queue.push(2, 1, stop.get_token()));
  EXPECT_FALSE(queue.push_for(item, 1, kLong, stop.get_token()));
  EXPECT_FALSE(queue.is_closed());
}

TEST(BoundedQueue, TellsItsErrorAfterWhatCameBefore) {
  BoundedQueue<int> queue(10);
  queue.push(1, 1, {});
  EXPECT_TRUE(queue.error().ok());
  queue.close(make_error(ErrorKind::kSystem, {}, "first"));
  queue.close(make_error(ErrorKind::kSystem, {}, "second"));
  EXPECT_TRUE(queue.is_closed());
  EXPECT_THAT(queue.error(), IsError(ErrorKind::kSystem, "first"));
  EXPECT_FALSE(queue.push(2, 1, {}));
  EXPECT_EQ(queue.pop({}).ValueOrDie(), 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(queue.pop({}), IsError(ErrorKind::kSystem, "first"));
    EXPECT_THAT(queue.pop_for(kLong, {}), IsError(ErrorKind::kSystem, "first"));
  }
}

TEST(BoundedQueue, WakesThoseWhoWaitWhenItCloses) {
  BoundedQueue<int> queue(1);
  queue.push(1, 1, {});
  std::jthread pushing([&] { EXPECT_FALSE(queue.push(2, 1, {})); });
  BoundedQueue<int> empty(1);
  std::jthread popping([&] { EXPECT_FALSE(empty.pop({}).ValueOrDie()); });
  queue.close();
  empty.close();
}

TEST(BoundedQueue, KnowsItsBytes) {
  BoundedQueue<int> queue(16);
  queue.push(1, 5, {});
  queue.push(2, 7, {});
  EXPECT_EQ(queue.num_bytes(), 12);
  EXPECT_TRUE(queue.pop({}).ok());
  EXPECT_EQ(queue.num_bytes(), 7);
}

TEST(BoundedQueue, PassesEachItemOnce) {
  BoundedQueue<int> queue(16);
  constexpr int kEach = 2000;
  std::atomic<int64_t> sum = 0;
  {
    std::vector<std::jthread> popping;
    for (int i = 0; i < 3; ++i) {
      popping.emplace_back([&] {
        while (const auto item = queue.pop({}).ValueOrDie()) sum += *item;
      });
    }
    std::vector<std::jthread> pushing;
    for (int i = 0; i < 3; ++i) {
      pushing.emplace_back([&] {
        for (int item = 1; item <= kEach; ++item) queue.push(item, item % 20, {});
      });
    }
    pushing.clear();
    queue.close();
  }
  EXPECT_EQ(sum, int64_t{3} * kEach * (kEach + 1) / 2);
}

}  // namespace
}  // namespace velo
