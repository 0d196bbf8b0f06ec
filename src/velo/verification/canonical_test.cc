#include "velo/verification/canonical.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "velo/testing/matchers.h"

namespace velo::verification {
namespace {

using arrow::TimeUnit;
using ::testing::HasSubstr;
using ::velo::testing::IsError;
using TypePointer = std::shared_ptr<arrow::DataType>;

std::shared_ptr<arrow::Array> values(const TypePointer& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::vector<std::string> bytes_of(const std::shared_ptr<arrow::Array>& array,
                                  const Comparison& comparison) {
  const auto column = canonical_column(array, comparison).ValueOrDie();
  std::vector<std::string> all;
  for (int64_t row = 0; row < array->length(); ++row) {
    column->append(row, all.emplace_back());
  }
  return all;
}

// Two columns of as many values, and whether the values of each row are equal.
struct Case {
  TypePointer one;
  const char* ones;
  TypePointer other;
  const char* others;
  std::vector<bool> equal;
};

class CanonicalValues : public ::testing::TestWithParam<Case> {};

TEST_P(CanonicalValues, AreEqualWhereNothingIsLost) {
  const Case& expected = GetParam();
  const auto comparison = comparison_of(*expected.one, *expected.other);
  ASSERT_TRUE(comparison.ok()) << comparison.status().message();
  const auto ones = bytes_of(values(expected.one, expected.ones), *comparison);
  const auto others = bytes_of(values(expected.other, expected.others), *comparison);
  ASSERT_EQ(ones.size(), expected.equal.size());
  ASSERT_EQ(others.size(), expected.equal.size());
  for (size_t row = 0; row < ones.size(); ++row) {
    EXPECT_EQ(ones[row] == others[row], expected.equal[row])
        << name_of(*comparison) << ", row " << row;
  }
  const auto reverse = comparison_of(*expected.other, *expected.one).ValueOrDie();
  EXPECT_EQ(name_of(reverse), name_of(*comparison));
}

INSTANTIATE_TEST_SUITE_P(
    Integers, CanonicalValues,
    ::testing::Values(Case{arrow::int8(),
                           "[1, -1, null, -128]",
                           arrow::int64(),
                           "[1, -1, null, 128]",
                           {true, true, true, false}},
                      Case{arrow::uint64(),
                           "[18446744073709551615, 9223372036854775808, 5]",
                           arrow::int64(),
                           "[-1, -9223372036854775808, 5]",
                           {false, false, true}},
                      Case{arrow::boolean(),
                           "[true, false, null]",
                           arrow::int32(),
                           "[1, 1, 0]",
                           {true, false, false}},
                      Case{arrow::boolean(),
                           "[true, false, true]",
                           arrow::utf8(),
                           R"(["true", "false", "t"])",
                           {true, true, false}},
                      Case{arrow::int64(),
                           "[7, 7, 7, 0, -3]",
                           arrow::utf8(),
                           R"(["7", "007", "7.00", "-0", "-3e0"])",
                           {true, false, true, true, true}}));

INSTANTIATE_TEST_SUITE_P(
    Numbers, CanonicalValues,
    ::testing::Values(
        Case{arrow::decimal128(10, 2),
             R"(["1.50", "0.00", "-2.00", null])",
             arrow::decimal256(50, 5),
             R"(["1.50000", "0.00000", "2.00000", "0.00000"])",
             {true, true, false, false}},
        Case{arrow::decimal128(38, 0),
             R"(["99999999999999999999999999999999999999", "9007199254740993"])",
             arrow::float64(),
             "[1e38, 9007199254740992]",
             {false, false}},
        Case{arrow::decimal128(20, 17),
             R"(["0.10000000000000000", "0.10000000000000001"])",
             arrow::float64(),
             "[0.1, 0.1]",
             {true, false}},
        Case{arrow::int64(),
             "[9007199254740993, 100000000000000000, -1]",
             arrow::float64(),
             "[9007199254740992, 1e17, -1.0]",
             {false, true, true}},
        Case{arrow::decimal128(5, 2),
             R"(["1.10", "1.10", "1.10"])",
             arrow::utf8(),
             R"(["1.1", "1.100", "one"])",
             {true, true, false}},
        Case{arrow::float64(),
             "[0.5, NaN, Inf, -Inf]",
             arrow::utf8(),
             R"(["0.5", "NaN", "Infinity", "-inf"])",
             {true, true, true, true}},
        Case{arrow::float64(),
             "[NaN, 0.0, -0.0, null, 1e-320]",
             arrow::float64(),
             "[NaN, -0.0, 0.0, NaN, 0]",
             {true, true, true, false, false}},
        Case{arrow::float32(),
             "[0.1, 0.1, 0.1, 3.4028235e38]",
             arrow::float64(),
             "[0.1, 0.10000000149011612, 0.10000000000000002, 3.4028235e38]",
             {true, true, false, true}}));

INSTANTIATE_TEST_SUITE_P(Texts, CanonicalValues,
                         ::testing::Values(Case{arrow::utf8(),
                                                R"(["", "a", "ä", "語", null, "a "])",
                                                arrow::large_utf8(),
                                                R"([null, "a", "ä", "語", null, "a"])",
                                                {false, true, true, true, true, false}},
                                           Case{arrow::dictionary(arrow::int8(),
                                                                  arrow::utf8()),
                                                R"(["x", null])",
                                                arrow::utf8_view(),
                                                R"(["x", "x"])",
                                                {true, false}},
                                           Case{arrow::binary(),
                                                R"(["hi", ""])",
                                                arrow::fixed_size_binary(2),
                                                R"(["hi", "hi"])",
                                                {true, false}},
                                           Case{arrow::binary(),
                                                R"(["hi", "hi"])",
                                                arrow::utf8(),
                                                R"(["aGk=", "hi"])",
                                                {true, false}},
                                           Case{arrow::null(),
                                                "[null, null]",
                                                arrow::utf8(),
                                                R"([null, ""])",
                                                {true, false}}));

INSTANTIATE_TEST_SUITE_P(
    Times, CanonicalValues,
    ::testing::Values(
        Case{arrow::date32(),
             "[19782, -1]",
             arrow::utf8(),
             R"(["2024-02-29", "1969-12-31"])",
             {true, true}},
        Case{arrow::date32(),
             "[1, 1]",
             arrow::timestamp(TimeUnit::SECOND),
             R"(["1970-01-02 00:00:00", "1970-01-02 00:00:01"])",
             {true, false}},
        Case{arrow::timestamp(TimeUnit::SECOND),
             R"(["1969-12-31 23:59:59"])",
             arrow::timestamp(TimeUnit::NANO),
             R"(["1969-12-31 23:59:59"])",
             {true}},
        Case{arrow::timestamp(TimeUnit::MICRO, "UTC"),
             "[-1, 0, 1, 0]",
             arrow::utf8(),
             R"(["1969-12-31T23:59:59.999999Z", "1970-01-01T02:00:00+02:00",
                 "1970-01-01T00:00:00.0000010Z", "1970-01-01"])",
             {true, true, true, false}},
        Case{arrow::timestamp(TimeUnit::MILLI, "Europe/Amsterdam"),
             "[0, 1]",
             arrow::timestamp(TimeUnit::NANO),
             "[0, 1]",
             {true, false}},
        Case{arrow::timestamp(TimeUnit::NANO),
             "[1, 1]",
             arrow::utf8(),
             R"(["1970-01-01 00:00:00.000000001", "1970-01-01 00:00:00.000000002"])",
             {true, false}},
        Case{arrow::time32(TimeUnit::SECOND),
             "[3600]",
             arrow::utf8(),
             R"(["01:00:00.0"])",
             {true}},
        Case{arrow::duration(TimeUnit::MILLI),
             "[-1]",
             arrow::duration(TimeUnit::NANO),
             "[-1000000]",
             {true}},
        Case{arrow::month_interval(),
             "[1]",
             arrow::month_day_nano_interval(),
             "[[1, 0, 0]]",
             {true}}));

INSTANTIATE_TEST_SUITE_P(
    Nested, CanonicalValues,
    ::testing::Values(Case{arrow::list(arrow::int32()),
                           "[[1, null], [], null, [12, 3]]",
                           arrow::large_list(arrow::int64()),
                           "[[1, null], [null], null, [1, 23]]",
                           {true, false, true, false}},
                      Case{arrow::struct_({arrow::field("a", arrow::int8()),
                                           arrow::field("b", arrow::utf8())}),
                           R"([{"a": 1, "b": "x"}, {"a": null, "b": "x"}])",
                           arrow::struct_({arrow::field("b", arrow::utf8()),
                                           arrow::field("a", arrow::decimal128(5, 1))}),
                           R"([{"a": "1.0", "b": "x"}, {"a": "1.5", "b": "x"}])",
                           {true, false}},
                      Case{arrow::map(arrow::utf8(), arrow::int64()),
                           R"([[["a", 1], ["b", 2]], [["a", 1]]])",
                           arrow::map(arrow::utf8(), arrow::int32()),
                           R"([[["b", 2], ["a", 1]], [["a", 2]]])",
                           {true, false}}));

// The order of the bytes, which ranges are made of.
TEST(CanonicalOrder, IsThatOfTheValues) {
  const std::pair<TypePointer, const char*> ordered[] = {
      {arrow::int64(), "[null, -9223372036854775808, -2, -1, 0, 1, 9223372036854775807]"},
      {arrow::float64(), "[null, -Inf, -1e300, -1.5, -1e-300, 0, 1e-300, 2, Inf, NaN]"},
      {arrow::utf8(), R"(["", "a", "aa", "b", "ä"])"},
      {arrow::timestamp(TimeUnit::NANO), "[-1000000001, -1, 0, 999999999, 1000000000]"},
      {arrow::decimal128(38, 4), R"(["-1000.0000", "-999.0000", "-0.0010", "0.0000",
                                     "0.0010", "0.0100", "0.0101", "9.0000", "10.0000",
                                     "101.0000", "110.0000"])"},
  };
  for (const auto& [type, json] : ordered) {
    const auto bytes =
        bytes_of(values(type, json), comparison_of(*type, *type).ValueOrDie());
    EXPECT_TRUE(std::ranges::is_sorted(bytes)) << type->ToString();
  }
}

TEST(CanonicalColumns, RefuseWhatHasNothingInCommon) {
  EXPECT_THAT(comparison_of(*arrow::boolean(), *arrow::date32()),
              IsError(ErrorKind::kSchemaMismatch, "bool cannot be compared with date"));
  EXPECT_THAT(comparison_of(*arrow::list(arrow::int8()), *arrow::utf8()),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("cannot be compared")));
  EXPECT_THAT(comparison_of(*arrow::date32(), *arrow::timestamp(TimeUnit::MICRO, "UTC")),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("cannot be compared")));
  EXPECT_THAT(comparison_of(*arrow::struct_({arrow::field("a", arrow::int8())}),
                            *arrow::struct_({arrow::field("b", arrow::int8())})),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("cannot be compared")));
}

}  // namespace
}  // namespace velo::verification
