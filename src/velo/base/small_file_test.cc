#include "velo/base/small_file.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"
#include "velo/testing/temporary_folder.h"

namespace velo {
namespace {

using ::testing::HasSubstr;
using testing::IsError;

TEST(SmallFile, IsReadWhole) {
  const testing::TemporaryFolder folder;
  for (const size_t size : {0, 1, 16383, 16384, 16385, 100'000}) {
    const std::string content(size, 'x');
    folder.write("a", content);
    EXPECT_EQ(read_small_file(folder.at("a"), 100'000).ValueOrDie(), content);
  }
  folder.write("a", std::string(2049, 'x'));
  EXPECT_THAT(read_small_file(folder.at("a"), 2048),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("more than 2 KiB")));
  EXPECT_THAT(read_small_file(folder.at("b"), 1),
              IsError(ErrorKind::kNotFound, HasSubstr("/b: cannot read")));
  EXPECT_FALSE(read_small_file(folder.path(), 1).ok());
}

}  // namespace
}  // namespace velo
