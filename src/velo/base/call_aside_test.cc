#include "velo/base/call_aside.h"

#include <gtest/gtest.h>

#include <memory>

namespace velo {
namespace {

using namespace std::chrono_literals;

TEST(CallAside, ReturnsWhatTheCallReturns) {
  const auto answer = call_aside([] { return std::make_unique<int>(7); }, 1h, {});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(**answer, 7);
}

TEST(CallAside, IsLeftAtAStopAndInTime) {
  const auto released = std::make_shared<std::promise<void>>();
  const auto dropped = std::make_shared<std::promise<void>>();
  const auto wait = [future = released->get_future().share()] { future.wait(); };
  // Tells when it is destroyed.
  const auto result_of = [](const std::shared_ptr<std::promise<void>>& promise) {
    return std::shared_ptr<int>(new int(7), [promise](const int* number) {
      delete number;
      promise->set_value();
    });
  };
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(call_aside(
      [wait, result_of, dropped] {
        wait();
        return result_of(dropped);
      },
      1h, stop.get_token()));
  EXPECT_FALSE(call_aside(
      [wait] {
        wait();
        return true;
      },
      1ms, {}));
  released->set_value();
  EXPECT_EQ(dropped->get_future().wait_for(60s), std::future_status::ready);
}

}  // namespace
}  // namespace velo
