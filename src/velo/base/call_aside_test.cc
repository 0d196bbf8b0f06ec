#include "velo/base/call_aside.h"

#include <gtest/gtest.h>

#include <memory>

namespace velo {
namespace {

using namespace std::chrono_literals;

TEST(CallAside, ReturnsWhatTheCallReturns) {
  const auto answer = call_aside([] { return std::make_unique<int>(7); }, 1h);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(**answer, 7);
}

TEST(CallAside, IsLeftInTimeAndDropsWhatTheCallReturns) {
  std::promise<void> released;
  const auto dropped = std::make_shared<std::promise<void>>();
  EXPECT_FALSE(call_aside(
      [wait = released.get_future().share(), dropped] {
        wait.wait();
        return std::shared_ptr<void>(nullptr,
                                     [dropped](const void*) { dropped->set_value(); });
      },
      1ms));
  released.set_value();
  EXPECT_EQ(dropped->get_future().wait_for(60s), std::future_status::ready);
}

}  // namespace
}  // namespace velo
