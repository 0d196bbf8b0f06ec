#include "velo/storage/replay_input.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>

namespace velo::storage {
namespace {

TEST(ReplayInput, GivesTheFirstBytesAgain) {
  ReplayInput input(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString("abcdefgh")));
  EXPECT_EQ(input.Read(3).ValueOrDie()->ToString(), "abc");
  input.rewind();
  EXPECT_EQ(input.Read(2).ValueOrDie()->ToString(), "ab");
  EXPECT_EQ(input.Read(3).ValueOrDie()->ToString(), "cde") << "half kept, half new";
  EXPECT_EQ(input.Tell().ValueOrDie(), 5);
  input.rewind();
  input.stop_keeping();
  EXPECT_EQ(input.Read(4).ValueOrDie()->ToString(), "abcd");
  EXPECT_EQ(input.Read(100).ValueOrDie()->ToString(), "efgh");
  EXPECT_EQ(input.Read(100).ValueOrDie()->ToString(), "");
}

}  // namespace
}  // namespace velo::storage
