#include "velo/base/read_bound.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using Kind = ReadBound::Kind;

TEST(ReadBound, IsAWordATimeOrAPosition) {
  const struct {
    const char* text;
    Kind kind;
  } cases[] = {{"", Kind::kNone},
               {"earliest", Kind::kEarliest},
               {"latest", Kind::kLatest},
               {"2026-01-31", Kind::kTime},
               {"2026-01-31T12:00:00Z", Kind::kTime},
               {"Latest", Kind::kPosition},
               {"1769860800000", Kind::kPosition},
               {"0:12,1:0", Kind::kPosition},
               {"16/B374D848", Kind::kPosition},
               {"3051729675574597004", Kind::kPosition},
               {"2026-02-30", Kind::kPosition}};
  for (const auto& one : cases) {
    EXPECT_EQ(ReadBound::parse(one.text).kind, one.kind) << one.text;
    EXPECT_EQ(ReadBound::parse(one.text).text, one.text);
  }
}

TEST(ReadBound, TimesAreUtcUnlessTheySayOtherwise) {
  constexpr auto kNoon = std::chrono::sys_days(std::chrono::January / 31 / 2026) + 12h;
  EXPECT_EQ(parse_time("2026-01-31"), kNoon - 12h);
  for (const char* text : {"2026-01-31T12:00:00Z", "2026-01-31 12:00",
                           "2026-01-31T12:00:00", "2026-01-31T13:30:00+01:30"}) {
    EXPECT_EQ(parse_time(text), kNoon) << text;
  }
  EXPECT_EQ(parse_time("2026-01-31T12:00:00.250Z"), kNoon + 250ms);
  for (const char* text : {"", "now", "12:00", "2026", "2026-01-31T25:00:00Z"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(ReadBound, AnEndThatNothingIsBeforeIsRefused) {
  EXPECT_THAT(check_range({.from = "earliest", .until = "latest"}), IsOk());
  EXPECT_THAT(check_range({.from = "2026-01-01", .until = "2026-01-01"}), IsOk());
  EXPECT_THAT(check_range({.from = "2026-01-02", .until = "2026-01-01"}),
              IsError(ErrorKind::kInvalidArgument,
                      HasSubstr("from = 2026-01-02 is behind until = 2026-01-01")));
  EXPECT_THAT(check_range({.from = {}, .until = "earliest"}),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("nothing is before")));
  EXPECT_THAT(check_range({.from = {}, .until = "2999-01-01"}),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("in the future")));
}

}  // namespace
}  // namespace velo
