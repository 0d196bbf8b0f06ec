#include "velo/engine/memory_shares.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo::engine {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

constexpr int64_t kMiB = int64_t{1} << 20;

int64_t sum_of(const MemoryShares& shares, int num_readers, int num_lanes) {
  return shares.reader_bytes * num_readers + shares.feed_queue_bytes +
         (shares.lane_queue_bytes + shares.writer_bytes) * num_lanes +
         shares.dead_letter_bytes;
}

TEST(MemoryShares, AreWithinTheWhole) {
  for (const int num_lanes : {1, 2, 3, 4, 64}) {
    for (const int64_t memory : {1024 * kMiB, 1027 * kMiB, 65536 * kMiB}) {
      RunOptions options;
      options.num_lanes = num_lanes;
      options.memory_bytes = memory;
      const auto shares = MemoryShares::of(options, num_lanes);
      ASSERT_THAT(shares, IsOk());
      EXPECT_LE(sum_of(*shares, num_lanes, num_lanes), memory * 15 / 16);
      EXPECT_GE(sum_of(*shares, num_lanes, num_lanes), memory * 14 / 16);
    }
  }
}

TEST(MemoryShares, HaveWhatWritersThatAreNotThereLeave) {
  RunOptions options;
  options.num_lanes = 4;
  EXPECT_EQ(MemoryShares::of(options, 1)->writer_bytes, 128 * kMiB);
  EXPECT_EQ(MemoryShares::of(options, 4)->writer_bytes, 32 * kMiB);
}

TEST(MemoryShares, NeedSixteenMegabytesForEachLane) {
  RunOptions options;
  options.memory_bytes = 32 * kMiB;
  EXPECT_THAT(MemoryShares::of(options, 1), IsOk());
  options.num_lanes = 2;
  EXPECT_THAT(MemoryShares::of(options, 2), IsOk());
  options.num_lanes = 3;
  EXPECT_THAT(MemoryShares::of(options, 3),
              IsError(ErrorKind::kInvalidArgument,
                      HasSubstr("33554432 bytes are too few; with parallel = 3 it takes "
                                "48MiB at least")));
  options.num_lanes = 1;
  options.memory_bytes = 32 * kMiB - 1;
  EXPECT_THAT(MemoryShares::of(options, 1),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("32MiB at least")));
}

TEST(MemoryShares, GrowWithTheLanesWhereNobodySays) {
  RunOptions options;
  EXPECT_EQ(memory_of(options), 256 * kMiB);
  options.num_lanes = 64;
  EXPECT_EQ(memory_of(options), 1024 * kMiB);
  EXPECT_THAT(MemoryShares::of(options, 64), IsOk());
}

TEST(MemoryShares, LetTheQueuesBeSaid) {
  RunOptions options;
  options.queue_bytes = 100;
  options.num_lanes = 5;
  const auto shares = MemoryShares::of(options, 5);
  ASSERT_THAT(shares, IsOk());
  EXPECT_EQ(shares->feed_queue_bytes, 50);
  EXPECT_EQ(shares->lane_queue_bytes, 10);
}

}  // namespace
}  // namespace velo::engine
