#include "velo/base/line_count.h"

#include <gtest/gtest.h>

#include <string>

namespace velo {
namespace {

TEST(LineCount, CountsAnyNumberAnywhere) {
  for (const size_t size : {0, 1, 239, 240, 241, 480, 1000}) {
    SCOPED_TRACE(size);
    std::string text(size, 'x');
    EXPECT_EQ(count_lines(text), 0);
    EXPECT_EQ(count_lines(std::string(size, '\n')), static_cast<int64_t>(size));
    for (size_t i = 0; i < size; ++i) {
      text[i] = '\n';
      EXPECT_EQ(count_lines(text), 1);
      text[i] = 'x';
    }
  }
}

}  // namespace
}  // namespace velo
