#include "velo/columnar/text_values.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

namespace velo::columnar {
namespace {

using arrow::TimeUnit;

TEST(TextValues, ReadsDates) {
  int32_t days = 0;
  const std::pair<const char*, int32_t> good[] = {
      {"1970-01-01", 0},        {"1969-12-31", -1},        {"2024-02-29", 19'782},
      {"0000-01-01", -719'528}, {"9999-12-31", 2'932'896},
  };
  for (const auto& [text, value] : good) {
    EXPECT_EQ(parse_date(text, &days), nullptr) << text;
    EXPECT_EQ(days, value) << text;
  }
  for (const char* text :
       {"", "1970-1-1", "1970-01-01 ", "1970/01/01", "2023-02-29", "1970-13-01",
        "1970-00-10", "1970-01-00", "1970-01-32", "+970-01-01", "-970-01-01"}) {
    EXPECT_NE(parse_date(text, &days), nullptr) << text;
  }
}

TEST(TextValues, ReadsTimes) {
  int64_t value = 0;
  EXPECT_EQ(parse_time("23:59:59", TimeUnit::SECOND, &value), nullptr);
  EXPECT_EQ(value, 86'399);
  EXPECT_EQ(parse_time("00:00:00.1", TimeUnit::NANO, &value), nullptr);
  EXPECT_EQ(value, 100'000'000);
  EXPECT_EQ(parse_time("00:00:01.000000", TimeUnit::MILLI, &value), nullptr);
  EXPECT_EQ(value, 1'000);
  for (const char* text : {"", "24:00:00", "00:60:00", "00:00:60", "0:00:00", "00:00",
                           "00:00:00.", "00:00:00.x", "00:00:00Z", "00:00:00.0001"}) {
    EXPECT_NE(parse_time(text, TimeUnit::MILLI, &value), nullptr) << text;
  }
}

TEST(TextValues, ReadsTimestamps) {
  struct Case {
    const char* text;
    TimeUnit::type unit;
    bool zoned;
    int64_t value;
  };
  const Case good[] = {
      {"1970-01-01 00:00:00", TimeUnit::SECOND, false, 0},
      {"1970-01-01T00:00:01", TimeUnit::MILLI, false, 1'000},
      {"1970-01-01T00:00:01.5", TimeUnit::MICRO, false, 1'500'000},
      {"1969-12-31 23:59:59.999", TimeUnit::MILLI, false, -1},
      {"1970-01-01 00:00:00.123000000000", TimeUnit::MILLI, false, 123},
      {"1970-01-01T00:00:00Z", TimeUnit::SECOND, true, 0},
      {"1970-01-01T00:00:00z", TimeUnit::SECOND, true, 0},
      {"1970-01-01T00:00:00+01:30", TimeUnit::SECOND, true, -5'400},
      {"1970-01-01 00:00:00-0130", TimeUnit::SECOND, true, 5'400},
      {"1970-01-01 00:00:00+01", TimeUnit::SECOND, true, -3'600},
      {"2262-04-11 23:47:16.854775807", TimeUnit::NANO, false,
       std::numeric_limits<int64_t>::max()},
      {"1677-09-21 00:12:43.145224192", TimeUnit::NANO, false,
       std::numeric_limits<int64_t>::min()},
  };
  for (const Case& c : good) {
    int64_t value = 0;
    EXPECT_EQ(parse_timestamp(c.text, c.unit, c.zoned, &value), nullptr) << c.text;
    EXPECT_EQ(value, c.value) << c.text;
  }
  struct Bad {
    const char* text;
    bool zoned;
    const char* problem;
  };
  const Bad bad[] = {
      {"", false, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01", false, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01  00:00:00", false, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01t00:00:00", false, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01 00:00:00 ", false, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01 24:00:00", false, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01 00:00:00.", false, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01 00:00:00UTC", true, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01 00:00:00+24:00", true, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01 00:00:00+1:00", true, "is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"1970-01-01 00:00:00", true, "has no zone (Z or an offset such as +02:00)"},
      {"1970-01-01 00:00:00Z", false, "has a zone, and the column has none"},
      {"1970-01-01 00:00:00.0000000001", false,
       "has more digits behind the point than the column"},
      {"2262-04-11 23:47:16.854775808", false, "is out of range"},
      {"1677-09-21 00:12:43.145224191", false, "is out of range"},
  };
  for (const Bad& c : bad) {
    int64_t value = 0;
    EXPECT_STREQ(parse_timestamp(c.text, TimeUnit::NANO, c.zoned, &value), c.problem)
        << c.text;
  }
}

TEST(TextValues, PrintingAndParsingAgree) {
  std::mt19937_64 random(1);
  for (const auto unit :
       {TimeUnit::SECOND, TimeUnit::MILLI, TimeUnit::MICRO, TimeUnit::NANO}) {
    for (int i = 0; i < 2'000; ++i) {
      const auto value = static_cast<int64_t>(random()) >> (i % 64);
      const bool zoned = i % 2 == 0;
      char text[kMostTimestampBytes];
      const char* end = print_timestamp(value, unit, zoned, text);
      if (end == nullptr) continue;  // a year of five digits
      int64_t again = 0;
      const std::string_view printed(text, static_cast<size_t>(end - text));
      ASSERT_EQ(parse_timestamp(printed, unit, zoned, &again), nullptr) << printed;
      ASSERT_EQ(again, value) << printed;
    }
  }
  char text[kMostTimestampBytes];
  EXPECT_EQ(print_date(2'932'897, text), nullptr);
  EXPECT_EQ(print_date(-719'529, text), nullptr);
  EXPECT_EQ(print_time(-1, TimeUnit::SECOND, text), nullptr);
  EXPECT_EQ(print_time(86'400, TimeUnit::SECOND, text), nullptr);
}

}  // namespace
}  // namespace velo::columnar
