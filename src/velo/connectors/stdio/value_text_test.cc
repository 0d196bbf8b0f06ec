#include "velo/connectors/stdio/value_text.h"

#include <arrow/api.h>
#include <arrow/util/float16.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace velo::stdio {
namespace {

using arrow::TimeUnit;

/// The text of an array of one value.
template <typename Builder, typename Value>
std::string text_of(const std::shared_ptr<arrow::DataType>& type, const Value& value) {
  auto builder = arrow::MakeBuilder(type).ValueOrDie();
  EXPECT_TRUE(static_cast<Builder&>(*builder).Append(value).ok());
  return value_text(*builder->Finish().ValueOrDie(), 0, 1000);
}

std::string decimal_text(std::string_view digits, int32_t scale) {
  const arrow::Decimal128 value = arrow::Decimal128::FromString(digits).ValueOrDie();
  return text_of<arrow::Decimal128Builder>(arrow::decimal128(38, scale), value);
}

TEST(ValueText, Numbers) {
  EXPECT_EQ(text_of<arrow::BooleanBuilder>(arrow::boolean(), true), "true");
  EXPECT_EQ(text_of<arrow::Int8Builder>(arrow::int8(), int8_t{-128}), "-128");
  EXPECT_EQ(text_of<arrow::UInt8Builder>(arrow::uint8(), uint8_t{255}), "255");
  EXPECT_EQ(text_of<arrow::Int64Builder>(arrow::int64(), int64_t{1} << 62),
            "4611686018427387904");
  EXPECT_EQ(text_of<arrow::UInt64Builder>(arrow::uint64(), ~uint64_t{0}),
            "18446744073709551615");
  EXPECT_EQ(text_of<arrow::DoubleBuilder>(arrow::float64(), 0.1), "0.1");
  EXPECT_EQ(text_of<arrow::DoubleBuilder>(arrow::float64(), 1.0), "1.0");
  EXPECT_EQ(text_of<arrow::DoubleBuilder>(arrow::float64(), -0.0), "-0.0");
  EXPECT_EQ(text_of<arrow::DoubleBuilder>(arrow::float64(), 1e300), "1e+300");
  EXPECT_EQ(text_of<arrow::DoubleBuilder>(arrow::float64(), std::nan("")), "nan");
  EXPECT_EQ(text_of<arrow::DoubleBuilder>(arrow::float64(), -INFINITY), "-inf");
  EXPECT_EQ(text_of<arrow::FloatBuilder>(arrow::float32(), 0.1F), "0.1");
  EXPECT_EQ(text_of<arrow::HalfFloatBuilder>(arrow::float16(),
                                             arrow::util::Float16(1.5F).bits()),
            "1.5");
}

TEST(ValueText, DecimalsArePlain) {
  EXPECT_EQ(decimal_text("1250", 2), "12.50");
  EXPECT_EQ(decimal_text("0", 2), "0.00");
  EXPECT_EQ(decimal_text("-5", 2), "-0.05");
  EXPECT_EQ(decimal_text("1", 20), "0.00000000000000000001");
  EXPECT_EQ(decimal_text("-123", 0), "-123");
  EXPECT_EQ(decimal_text("12", -3), "12000");
  EXPECT_EQ(decimal_text("0", -3), "0");
  EXPECT_EQ(decimal_text("99999999999999999999999999999999999999", 38),
            "0.99999999999999999999999999999999999999");
  EXPECT_EQ(
      text_of<arrow::Decimal256Builder>(arrow::decimal256(40, 1), arrow::Decimal256(-15)),
      "-1.5");
  EXPECT_EQ(
      text_of<arrow::Decimal64Builder>(arrow::decimal64(10, 3), arrow::Decimal64(7)),
      "0.007");
  EXPECT_EQ(text_of<arrow::Decimal32Builder>(arrow::decimal32(5, 1), arrow::Decimal32(7)),
            "0.7");
}

TEST(ValueText, Times) {
  EXPECT_EQ(text_of<arrow::Date32Builder>(arrow::date32(), 20'455), "2026-01-02");
  EXPECT_EQ(text_of<arrow::Date64Builder>(arrow::date64(), 20'455 * int64_t{86'400'000}),
            "2026-01-02 00:00:00");
  EXPECT_EQ(text_of<arrow::Time32Builder>(arrow::time32(TimeUnit::MILLI), 1'500),
            "00:00:01.500");
  EXPECT_EQ(text_of<arrow::Time64Builder>(arrow::time64(TimeUnit::NANO), int64_t{1}),
            "00:00:00.000000001");
  constexpr int64_t kTime = 1'767'323'045'123'000;
  EXPECT_EQ(text_of<arrow::TimestampBuilder>(arrow::timestamp(TimeUnit::MICRO), kTime),
            "2026-01-02 03:04:05.123");
  EXPECT_EQ(
      text_of<arrow::TimestampBuilder>(arrow::timestamp(TimeUnit::MICRO, "UTC"), kTime),
      "2026-01-02 03:04:05.123Z");
  EXPECT_EQ(text_of<arrow::TimestampBuilder>(
                arrow::timestamp(TimeUnit::MICRO, "Europe/Berlin"), kTime),
            "2026-01-02 03:04:05.123Z");
  EXPECT_EQ(
      text_of<arrow::DurationBuilder>(arrow::duration(TimeUnit::MILLI), int64_t{-1'500}),
      "-1500 ms");
}

TEST(ValueText, Texts) {
  for (const auto& type : {arrow::utf8(), arrow::large_utf8(), arrow::utf8_view()}) {
    auto builder = arrow::MakeBuilder(type).ValueOrDie();
    ASSERT_TRUE(
        builder
            ->AppendScalar(*arrow::MakeScalar(type, arrow::Buffer::FromString("a \"b\\"))
                                .ValueOrDie())
            .ok());
    EXPECT_EQ(value_text(*builder->Finish().ValueOrDie(), 0, 1000), "a \"b\\")
        << type->ToString();
  }
}

TEST(ValueText, Binary) {
  const std::string bytes("\x00\xFF\x41", 3);
  EXPECT_EQ(text_of<arrow::BinaryBuilder>(arrow::binary(), bytes), "\\x00ff41");
  EXPECT_EQ(text_of<arrow::LargeBinaryBuilder>(arrow::large_binary(), bytes),
            "\\x00ff41");
  EXPECT_EQ(text_of<arrow::BinaryViewBuilder>(arrow::binary_view(), bytes), "\\x00ff41");
  EXPECT_EQ(text_of<arrow::FixedSizeBinaryBuilder>(arrow::fixed_size_binary(3), bytes),
            "\\x00ff41");
  EXPECT_EQ(text_of<arrow::BinaryBuilder>(arrow::binary(), std::string()), "\\x");
}

TEST(ValueText, Null) {
  EXPECT_EQ(value_text(*arrow::MakeArrayOfNull(arrow::int64(), 1).ValueOrDie(), 0, 9),
            "NULL");
  EXPECT_EQ(value_text(arrow::NullArray(1), 0, 9), "NULL");
}

/// An array of a list type, of the lists [1, null, 3] and [].
std::shared_ptr<arrow::Array> lists(const std::shared_ptr<arrow::DataType>& type) {
  auto builder = arrow::MakeBuilder(type).ValueOrDie();
  auto values = std::make_shared<arrow::Int32Builder>();
  EXPECT_TRUE(values->AppendValues({1, 2, 3}, {true, false, true}).ok());
  const auto list = values->Finish().ValueOrDie();
  EXPECT_TRUE(builder->AppendScalar(*arrow::MakeScalar(type, list).ValueOrDie()).ok());
  return builder->Finish().ValueOrDie();
}

TEST(ValueText, Lists) {
  for (const auto& type :
       {arrow::list(arrow::int32()), arrow::large_list(arrow::int32()),
        arrow::fixed_size_list(arrow::int32(), 3), arrow::list_view(arrow::int32()),
        arrow::large_list_view(arrow::int32())}) {
    EXPECT_EQ(value_text(*lists(type), 0, 1000), "[1, null, 3]") << type->ToString();
  }
}

TEST(ValueText, ListsStopWhenTheyAreLong) {
  arrow::ListBuilder builder(arrow::default_memory_pool(),
                             std::make_shared<arrow::Int32Builder>());
  ASSERT_TRUE(builder.Append().ok());
  auto& values = static_cast<arrow::Int32Builder&>(*builder.value_builder());
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(values.Append(i).ok());
  const std::string text = value_text(*builder.Finish().ValueOrDie(), 0, 100);
  EXPECT_GT(text.size(), 100);
  EXPECT_LT(text.size(), 120);
}

TEST(ValueText, Structs) {
  const auto names = std::make_shared<arrow::StringBuilder>();
  ASSERT_TRUE(names->Append("a \"b\"").ok());
  const auto days = std::make_shared<arrow::Date32Builder>();
  ASSERT_TRUE(days->Append(0).ok());
  const auto array =
      arrow::StructArray::Make({names->Finish().ValueOrDie(), days->Finish().ValueOrDie(),
                                std::make_shared<arrow::NullArray>(1)},
                               {"name", "day", "none"})
          .ValueOrDie();
  EXPECT_EQ(value_text(*array, 0, 1000),
            R"({"name": "a \"b\"", "day": "1970-01-01", "none": null})");
}

TEST(ValueText, Maps) {
  const auto keys = std::make_shared<arrow::Int32Builder>();
  const auto items = std::make_shared<arrow::StringBuilder>();
  arrow::MapBuilder builder(arrow::default_memory_pool(), keys, items);
  ASSERT_TRUE(builder.Append().ok());
  ASSERT_TRUE(keys->AppendValues({1, 2}).ok());
  ASSERT_TRUE(items->Append("x").ok());
  ASSERT_TRUE(items->AppendNull().ok());
  EXPECT_EQ(value_text(*builder.Finish().ValueOrDie(), 0, 1000),
            R"({"1": "x", "2": null})");
}

TEST(ValueText, Dictionaries) {
  arrow::StringDictionaryBuilder builder;
  ASSERT_TRUE(builder.Append("red").ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  ASSERT_TRUE(builder.Append("red").ok());
  const auto array = builder.Finish().ValueOrDie();
  EXPECT_EQ(value_text(*array, 2, 1000), "red");
  EXPECT_EQ(value_text(*array, 1, 1000), "NULL");
}

TEST(ValueText, IsNumber) {
  EXPECT_TRUE(is_number(*arrow::uint8()));
  EXPECT_TRUE(is_number(*arrow::float64()));
  EXPECT_TRUE(is_number(*arrow::decimal128(10, 2)));
  EXPECT_FALSE(is_number(*arrow::utf8()));
  EXPECT_FALSE(is_number(*arrow::date32()));
  EXPECT_FALSE(is_number(*arrow::boolean()));
}

}  // namespace
}  // namespace velo::stdio
