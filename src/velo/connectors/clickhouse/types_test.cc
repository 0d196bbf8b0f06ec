#include "velo/connectors/clickhouse/types.h"

#include <gtest/gtest.h>

namespace velo::clickhouse {
namespace {

TEST(ClickhouseTypes, NamesHaveArrowTypes) {
  const std::vector<std::pair<const char*, std::shared_ptr<arrow::DataType>>> cases = {
      {"Bool", arrow::boolean()},
      {"Int8", arrow::int8()},
      {"UInt64", arrow::uint64()},
      {"Float32", arrow::float32()},
      {"String", arrow::utf8()},
      {"FixedString(16)", arrow::fixed_size_binary(16)},
      {"Date", arrow::date32()},
      {"Date32", arrow::date32()},
      {"DateTime", arrow::timestamp(arrow::TimeUnit::SECOND, "UTC")},
      {"DateTime('Europe/Berlin')",
       arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Berlin")},
      {"DateTime64(0)", arrow::timestamp(arrow::TimeUnit::SECOND, "UTC")},
      {"DateTime64(4, 'UTC')", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")},
      {"DateTime64(9)", arrow::timestamp(arrow::TimeUnit::NANO, "UTC")},
      {"Decimal(9, 2)", arrow::decimal128(9, 2)},
      {"Decimal(38, 38)", arrow::decimal128(38, 38)},
      {"Nullable(Int32)", arrow::int32()},
      {"LowCardinality(Nullable(String))", arrow::utf8()},
  };
  for (const auto& [name, expected] : cases) {
    SCOPED_TRACE(name);
    const auto type = parse_type(name);
    ASSERT_TRUE(type.has_value());
    EXPECT_TRUE(arrow_type_of(*type)->Equals(expected)) << *arrow_type_of(*type);
  }
}

TEST(ClickhouseTypes, OthersAreNotMistaken) {
  for (const char* name :
       {"", "Int128", "Array(Int8)", "Decimal(76, 2)", "Decimal(9, 10)", "Decimal(9)",
        "DateTime64(10)", "DateTime64()", "FixedString(0)", "FixedString(x)",
        "Nullable(Nullable(Int8))", "Nullable(Array(Int8))", "Nullable(Int8",
        "LowCardinality(LowCardinality(String))", "int8", "Enum8('a' = 1)"}) {
    EXPECT_FALSE(parse_type(name).has_value()) << name;
  }
}

TEST(ClickhouseTypes, WrappersAreTold) {
  const auto type = parse_type("LowCardinality(Nullable(FixedString(4)))");
  ASSERT_TRUE(type.has_value());
  EXPECT_TRUE(type->low_cardinality);
  EXPECT_TRUE(type->nullable);
  EXPECT_EQ(type->width, 4);
  EXPECT_EQ(type->name, "Nullable(FixedString(4))");
}

TEST(ClickhouseTypes, ColumnsOfATableThatIsMade) {
  const auto type_of = [](const std::shared_ptr<arrow::DataType>& type, bool nullable) {
    return clickhouse_type_of(*arrow::field("a", type), nullable);
  };
  EXPECT_EQ(type_of(arrow::int32(), false).ValueOrDie(), "Int32");
  EXPECT_EQ(type_of(arrow::utf8(), true).ValueOrDie(), "Nullable(String)");
  EXPECT_EQ(type_of(arrow::decimal128(12, 2), true).ValueOrDie(),
            "Nullable(Decimal(12, 2))");
  EXPECT_EQ(type_of(arrow::timestamp(arrow::TimeUnit::MICRO), false).ValueOrDie(),
            "DateTime64(6, 'UTC')");
  const auto refused = type_of(arrow::list(arrow::int8()), false);
  EXPECT_EQ(kind_of(refused.status()), ErrorKind::kSchemaMismatch);
}

}  // namespace
}  // namespace velo::clickhouse
