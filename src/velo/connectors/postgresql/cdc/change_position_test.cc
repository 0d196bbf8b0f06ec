#include "velo/connectors/postgresql/cdc/change_position.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo::postgresql {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

TEST(ChangePositions, SortAsTheyAreRead) {
  const std::vector<ChangePosition> in_order = {
      {0, 0}, {0x28A79D18, 0}, {0x28A79D18, 1}, {0x28A79D18, 256}, {0x128A79D18, 0}};
  for (size_t i = 0; i + 1 < in_order.size(); ++i) {
    EXPECT_LT(encode_position(in_order[i]), encode_position(in_order[i + 1]));
  }
  for (const ChangePosition& position : in_order) {
    const auto decoded = decode_position("public.t", encode_position(position));
    ASSERT_THAT(decoded, IsOk());
    EXPECT_EQ(*decoded, position);
  }
  EXPECT_THAT(decode_position("public.t", {"short"}),
              IsError(ErrorKind::kCorruptData, HasSubstr("public.t")));
}

TEST(ChangePositions, PlacesInTheLog) {
  EXPECT_EQ(lsn_text(0x16B374D848), "16/B374D848");
  EXPECT_EQ(lsn_text(0), "0/0");
  EXPECT_EQ(parse_lsn("16/B374D848").ValueOr(0), 0x16B374D848);
  EXPECT_EQ(parse_lsn("FFFFFFFF/FFFFFFFF").ValueOr(0), UINT64_MAX);
  for (const char* text : {"", "0", "/", "1/", "/1", "1/123456789", "x/1", "1/1 "}) {
    EXPECT_THAT(parse_lsn(text), IsError(ErrorKind::kCorruptData, HasSubstr("no place")))
        << text;
  }
}

TEST(ChangePositions, AreSaidInWords) {
  EXPECT_EQ(describe_position("", encode_position({.lsn = 0x16B374D848})), "16/B374D848");
  EXPECT_EQ(describe_position("", encode_position({.lsn = 0x16B374D848, .row = 3})),
            "16/B374D848, behind 3 rows of that transaction");
  EXPECT_EQ(describe_position("", {"short"}), "");
}

}  // namespace
}  // namespace velo::postgresql
