#include "velo/connectors/stdio/calendar.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace velo::stdio {
namespace {

using arrow::TimeUnit;
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(Calendar, Dates) {
  EXPECT_EQ(date_text(0), "1970-01-01");
  EXPECT_EQ(date_text(-1), "1969-12-31");
  EXPECT_EQ(date_text(20'455), "2026-01-02");
  EXPECT_EQ(date_text(11'016), "2000-02-29");
  EXPECT_EQ(date_text(-719'162), "0001-01-01");
  EXPECT_EQ(date_text(-719'163), "0000-12-31");
  EXPECT_EQ(date_text(-719'529), "-0001-12-31");
  EXPECT_EQ(date_text(2'932'897), "10000-01-01");
  EXPECT_EQ(date_text(std::numeric_limits<int32_t>::max()), "5881580-07-11");
  EXPECT_EQ(date_text(std::numeric_limits<int32_t>::min()), "-5877641-06-23");
}

TEST(Calendar, DatesAreThoseOfTheLibrary) {
  for (int days = -800'000; days < 800'000; days += 13) {
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(days))};
    if (int{date.year()} < 0) continue;
    EXPECT_EQ(date_text(days), fmt::format("{:04}-{:02}-{:02}", int{date.year()},
                                           unsigned{date.month()}, unsigned{date.day()}));
  }
}

TEST(Calendar, Times) {
  EXPECT_EQ(time_text(0, TimeUnit::SECOND), "00:00:00");
  EXPECT_EQ(time_text(86'399, TimeUnit::SECOND), "23:59:59");
  EXPECT_EQ(time_text(86'399'999, TimeUnit::MILLI), "23:59:59.999");
  EXPECT_EQ(time_text(1'000'001, TimeUnit::MICRO), "00:00:01.000001");
  EXPECT_EQ(time_text(1'500'000, TimeUnit::MICRO), "00:00:01.500");
  EXPECT_EQ(time_text(1, TimeUnit::NANO), "00:00:00.000000001");
}

TEST(Calendar, Timestamps) {
  EXPECT_EQ(timestamp_text(1'767'323'045'123, TimeUnit::MILLI),
            "2026-01-02 03:04:05.123");
  EXPECT_EQ(timestamp_text(-1, TimeUnit::SECOND), "1969-12-31 23:59:59");
  EXPECT_EQ(timestamp_text(-1, TimeUnit::NANO), "1969-12-31 23:59:59.999999999");
  EXPECT_EQ(timestamp_text(kMin, TimeUnit::NANO), "1677-09-21 00:12:43.145224192");
  EXPECT_EQ(timestamp_text(kMax, TimeUnit::NANO), "2262-04-11 23:47:16.854775807");
  EXPECT_EQ(timestamp_text(kMax, TimeUnit::SECOND), "292277026596-12-04 15:30:07");
  EXPECT_EQ(timestamp_text(kMin, TimeUnit::SECOND), "-292277022657-01-27 08:29:52");
}

TEST(Calendar, Units) {
  EXPECT_EQ(unit_name(TimeUnit::SECOND), "s");
  EXPECT_EQ(unit_name(TimeUnit::MILLI), "ms");
  EXPECT_EQ(unit_name(TimeUnit::MICRO), "us");
  EXPECT_EQ(unit_name(TimeUnit::NANO), "ns");
}

}  // namespace
}  // namespace velo::stdio
