#include "velo/columnar/common_type.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace velo {
namespace {

using Type = std::shared_ptr<arrow::DataType>;
constexpr auto kMicro = arrow::TimeUnit::MICRO;
constexpr auto kNano = arrow::TimeUnit::NANO;

std::string shown(const Type& type) { return type ? type->ToString() : "none"; }

struct Case {
  Type one;
  Type other;
  std::string common;
};

// Whichever comes first.
void expect(Type (*meet)(const Type&, const Type&), const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    SCOPED_TRACE(shown(each.one) + ", " + shown(each.other));
    EXPECT_EQ(shown(meet(each.one, each.other)), each.common);
    EXPECT_EQ(shown(meet(each.other, each.one)), each.common);
  }
}

TEST(CommonType, HoldsEveryValueOfBoth) {
  const auto point = [](Type x) {
    return arrow::struct_({arrow::field("x", std::move(x))});
  };
  expect(common_type,
         {{arrow::null(), arrow::int8(), "int8"},
          {arrow::int8(), arrow::int64(), "int64"},
          {arrow::int32(), arrow::int32(), "int32"},
          {arrow::uint8(), arrow::uint32(), "uint32"},
          {arrow::uint8(), arrow::int8(), "int16"},
          {arrow::uint8(), arrow::int64(), "int64"},
          {arrow::uint32(), arrow::int8(), "int64"},
          {arrow::uint64(), arrow::int8(), "decimal128(20, 0)"},
          {arrow::int64(), arrow::decimal128(10, 2), "decimal128(21, 2)"},
          {arrow::int8(), arrow::decimal128(10, 2), "decimal128(21, 2)"},
          {arrow::decimal128(10, 2), arrow::decimal128(10, 4), "decimal128(12, 4)"},
          {arrow::decimal128(38, 0), arrow::decimal128(38, 10), "decimal256(48, 10)"},
          {arrow::decimal256(76, 0), arrow::decimal128(38, 10), "none"},
          {arrow::int16(), arrow::float32(), "float"},
          {arrow::int32(), arrow::float32(), "double"},
          {arrow::uint32(), arrow::float64(), "double"},
          {arrow::int64(), arrow::float64(), "double"},
          {arrow::int64(), arrow::float32(), "double"},
          {arrow::uint64(), arrow::float64(), "none"},
          {arrow::float32(), arrow::float64(), "double"},
          {arrow::decimal128(3, 1), arrow::float64(), "none"},
          {arrow::date32(), arrow::timestamp(kMicro), "none"},
          {arrow::timestamp(kMicro), arrow::timestamp(kNano), "timestamp[ns]"},
          {arrow::timestamp(kMicro), arrow::timestamp(kMicro, "UTC"), "none"},
          {arrow::timestamp(kMicro, "Europe/Berlin"), arrow::timestamp(kMicro, "UTC"),
           "timestamp[us, tz=UTC]"},
          {arrow::time32(arrow::TimeUnit::SECOND), arrow::time64(kMicro), "time64[us]"},
          {arrow::utf8(), arrow::large_utf8(), "large_string"},
          {arrow::utf8(), arrow::utf8_view(), "string"},
          {arrow::fixed_size_binary(4), arrow::binary(), "binary"},
          {arrow::utf8(), arrow::binary(), "none"},
          {arrow::utf8(), arrow::int64(), "none"},
          {arrow::boolean(), arrow::int64(), "none"},
          {arrow::dictionary(arrow::int32(), arrow::utf8()), arrow::utf8(), "string"},
          {arrow::list(arrow::int32()), arrow::list(arrow::int64()), "list<item: int64>"},
          {arrow::list(arrow::int32()), arrow::int32(), "none"},
          {arrow::map(arrow::utf8(), arrow::int8()),
           arrow::map(arrow::utf8(), arrow::int16()), "map<string, int16>"},
          {point(arrow::int8()), point(arrow::int16()), "struct<x: int16>"},
          {point(arrow::int8()), point(arrow::utf8()), "none"}});
  EXPECT_EQ(shown(common_type(point(arrow::int8()),
                              arrow::struct_({arrow::field("y", arrow::utf8())}))),
            "struct<x: int8, y: string>");
}

TEST(CommonGuess, IsTextWhereNothingElseKeepsWhatIsWritten) {
  expect(common_guess,
         {{arrow::null(), arrow::int64(), "int64"},
          {arrow::int64(), arrow::float64(), "double"},
          {arrow::int64(), arrow::decimal128(38, 2), "decimal128(38, 2)"},
          {arrow::decimal128(38, 0), arrow::decimal128(38, 10), "string"},
          {arrow::decimal128(38, 2), arrow::float64(), "string"},
          {arrow::uint64(), arrow::int64(), "decimal128(20, 0)"},
          {arrow::uint64(), arrow::float64(), "string"},
          {arrow::int64(), arrow::utf8(), "string"},
          {arrow::boolean(), arrow::int64(), "string"},
          {arrow::date32(), arrow::timestamp(kMicro), "timestamp[us]"},
          {arrow::date32(), arrow::timestamp(kMicro, "UTC"), "string"},
          {arrow::date32(), arrow::utf8(), "string"},
          {arrow::list(arrow::null()), arrow::list(arrow::int64()), "list<item: int64>"},
          {arrow::list(arrow::int64()), arrow::int64(), "string"}});
}

void expect_no_order(Type (*meet)(const Type&, const Type&),
                     const std::vector<Type>& types) {
  const auto meet_three = [&](const Type& a, const Type& b, const Type& c) {
    const Type first = meet(a, b);
    return first ? shown(meet(first, c)) : "none";
  };
  for (const Type& a : types) {
    for (const Type& b : types) {
      for (const Type& c : types) {
        SCOPED_TRACE(shown(a) + ", " + shown(b) + ", " + shown(c));
        const std::string abc = meet_three(a, b, c);
        EXPECT_EQ(abc, meet_three(b, c, a));
        EXPECT_EQ(abc, meet_three(a, c, b));
      }
    }
  }
}

TEST(CommonTypes, AreTheSameInWhicheverOrderThreeMeet) {
  expect_no_order(common_type, {arrow::null(),
                                arrow::int8(),
                                arrow::int64(),
                                arrow::uint8(),
                                arrow::uint64(),
                                arrow::float16(),
                                arrow::float32(),
                                arrow::float64(),
                                arrow::decimal128(5, 2),
                                arrow::decimal128(38, 2),
                                arrow::decimal256(70, 30),
                                arrow::boolean(),
                                arrow::date32(),
                                arrow::timestamp(kMicro),
                                arrow::timestamp(kNano, "UTC"),
                                arrow::timestamp(kMicro, "Europe/Berlin"),
                                arrow::utf8(),
                                arrow::large_utf8(),
                                arrow::binary(),
                                arrow::list(arrow::int8()),
                                arrow::list(arrow::float64()),
                                arrow::dictionary(arrow::int32(), arrow::utf8())});
}

TEST(CommonGuesses, AreTheSameInWhicheverOrderThreeMeet) {
  expect_no_order(
      common_guess,
      {arrow::null(), arrow::int64(), arrow::uint64(), arrow::float64(),
       arrow::decimal128(38, 0), arrow::decimal128(38, 2), arrow::decimal128(38, 30),
       arrow::boolean(), arrow::date32(), arrow::timestamp(kMicro),
       arrow::timestamp(kNano), arrow::timestamp(kMicro, "UTC"), arrow::utf8(),
       arrow::struct_({}), arrow::list(arrow::null()), arrow::list(arrow::int64()),
       arrow::list(arrow::float64())});
}

TEST(TextForNothing, ReachesIntoListsAndStructs) {
  const auto inner = arrow::struct_({arrow::field("a", arrow::null())});
  EXPECT_EQ(shown(text_for_nothing(arrow::list(inner))), "list<item: struct<a: string>>");
  EXPECT_EQ(shown(text_for_nothing(arrow::struct_({}))), "string");
  EXPECT_EQ(shown(text_for_nothing(arrow::int64())), "int64");
}

}  // namespace
}  // namespace velo
