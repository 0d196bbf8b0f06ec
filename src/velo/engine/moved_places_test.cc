#include "velo/engine/moved_places.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo::engine {
namespace {

using testing::IsError;

// Every n-th place.
MovedPlaces every(int n, MovedPlaces moved = {}) {
  for (int place = 0; place < 65536; place += n) {
    moved.add(static_cast<uint16_t>(place));
  }
  return moved;
}

TEST(MovedPlaces, ComeBack) {
  for (const int n : {1, 2, 15, 16, 17, 1000, 65535}) {
    SCOPED_TRACE(n);
    const auto moved = MovedPlaces::decode(every(n).encode());
    ASSERT_TRUE(moved.ok()) << moved.status();
    for (int place = 0; place < 65536; ++place) {
      ASSERT_EQ(moved->contains(static_cast<uint16_t>(place)), place % n == 0) << place;
    }
    EXPECT_EQ(moved->encode(), every(n).encode());
  }
}

TEST(MovedPlaces, HaveAPositionThatGrows) {
  const MovedPlaces none;
  EXPECT_FALSE(none.encode().bytes.empty());
  EXPECT_EQ(none.encode(), MovedPlaces::decode(none.encode())->encode());
  Position last = none.encode();
  for (const int n : {65535, 20'000, 1000, 3, 1}) {
    const auto before = *MovedPlaces::decode(last);
    EXPECT_EQ(before.encode(), last);
    const Position now = every(n, before).encode();
    EXPECT_LT(last, now) << n;
    EXPECT_EQ(every(n, *MovedPlaces::decode(now)).encode(), now) << "nothing is new";
    last = now;
  }
}

TEST(MovedPlaces, AreNotReadFromOtherBytes) {
  for (const size_t size : {size_t{0}, size_t{7}, size_t{9}, size_t{8} + 8194}) {
    EXPECT_THAT(MovedPlaces::decode({std::string(size, '\0')}),
                IsError(ErrorKind::kCorruptData, ::testing::HasSubstr("no position")));
  }
}

}  // namespace
}  // namespace velo::engine
