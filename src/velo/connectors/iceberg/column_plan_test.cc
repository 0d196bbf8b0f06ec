#include "velo/connectors/iceberg/column_plan.h"

#include <arrow/array.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/connectors/iceberg/epoch_writer.h"
#include "velo/testing/matchers.h"

namespace velo::iceberg {
namespace {

using ::testing::_;
using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

Result<ColumnPlan> plan(const std::string& type,
                        const std::shared_ptr<arrow::DataType>& given) {
  const TableSchema schema{.id = 0, .columns = {{.id = 7, .name = "a", .type = type}}};
  return ColumnPlan::make("t", schema, *arrow::schema({arrow::field("A", given)}));
}

TEST(ColumnPlan, TakesWhatFits) {
  for (const auto& [type, given] :
       std::vector<std::pair<std::string, std::shared_ptr<arrow::DataType>>>{
           {"int", arrow::int8()},
           {"int", arrow::uint16()},
           {"long", arrow::uint32()},
           {"double", arrow::int32()},
           {"double", arrow::float32()},
           {"decimal(9, 2)", arrow::decimal128(8, 2)},
           {"decimal(9,2)", arrow::decimal128(9, 2)},
           {"date", arrow::date64()},
           {"time", arrow::time32(arrow::TimeUnit::SECOND)},
           {"timestamp", arrow::timestamp(arrow::TimeUnit::MILLI)},
           {"timestamptz", arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Berlin")},
           {"string", arrow::large_utf8()},
           {"string", arrow::dictionary(arrow::int8(), arrow::utf8())},
           {"binary", arrow::fixed_size_binary(3)},
           {"fixed[3]", arrow::fixed_size_binary(3)}}) {
    const auto made = plan(type, given);
    ASSERT_THAT(made, IsOk()) << type;
    const arrow::Field& field = *made->file_schema()->field(0);
    EXPECT_EQ(field.name(), "a");
    EXPECT_EQ(*field.metadata()->Get(kFieldIdKey), "7");
    const auto rows =
        arrow::RecordBatch::MakeEmpty(arrow::schema({arrow::field("A", given)}));
    EXPECT_THAT(made->convert(**rows), IsOk()) << type;
  }
}

TEST(ColumnPlan, RefusesWhatCouldBeLost) {
  for (const auto& [type, given] :
       std::vector<std::pair<std::string, std::shared_ptr<arrow::DataType>>>{
           {"int", arrow::uint32()},
           {"long", arrow::uint64()},
           {"int", arrow::float64()},
           {"float", arrow::float64()},
           {"double", arrow::int64()},
           {"decimal(9, 2)", arrow::decimal128(9, 3)},
           {"decimal(9, 3)", arrow::decimal128(9, 2)},
           {"timestamp", arrow::timestamp(arrow::TimeUnit::NANO)},
           {"timestamp", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")},
           {"timestamptz", arrow::timestamp(arrow::TimeUnit::MICRO)},
           {"string", arrow::binary()},
           {"int", arrow::utf8()},
           {"uuid", arrow::fixed_size_binary(16)},
           {"fixed[3]", arrow::fixed_size_binary(4)}}) {
    EXPECT_THAT(plan(type, given), IsError(ErrorKind::kSchemaMismatch, HasSubstr("'a'")))
        << type;
  }
}

TEST(ColumnPlan, WhatIsMadeHoldsWhatItIsMadeFor) {
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::uint8()), arrow::field("b", arrow::uint32()),
       arrow::field("c", arrow::decimal128(12, 2)), arrow::field("d", arrow::date64()),
       arrow::field("e", arrow::timestamp(arrow::TimeUnit::SECOND, "Asia/Tokyo")),
       arrow::field("f", arrow::large_binary()),
       arrow::field("g", arrow::time64(arrow::TimeUnit::MICRO)),
       arrow::field("h", arrow::float16())});
  const auto made = table_schema_for(*schema);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(ColumnPlan::make("t", *made, *schema), IsOk());
  for (const auto& type :
       {arrow::uint64(), arrow::list(arrow::int8()), arrow::null(),
        arrow::time64(arrow::TimeUnit::NANO), arrow::timestamp(arrow::TimeUnit::NANO)}) {
    EXPECT_THAT(table_schema_for(*arrow::schema({arrow::field("x", type)})),
                IsError(ErrorKind::kSchemaMismatch, HasSubstr("column 'x'")));
  }
}

TEST(OriginOf, IsReadFromTheName) {
  const std::string prefix = name_prefix_of("a_b", "uuid", "main");
  EXPECT_NE(prefix, name_prefix_of("a_b", "uuid", "other"));
  EXPECT_NE(prefix, name_prefix_of("a_b", "other", "main"));
  const auto origin =
      origin_of(prefix, "s3://b/t/data/" + prefix + "f3-e17-0-00001-0123.parquet");
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->fence, 3U);
  EXPECT_EQ(origin->epoch, 17U);
  for (const char* rest : {"f3", "f-e1-", "f3-e17.parquet", "f3x-e17-0.parquet", ""}) {
    EXPECT_FALSE(origin_of(prefix, prefix + rest)) << rest;
  }
  EXPECT_FALSE(origin_of(prefix, "data/velo-a-f3-e17-0.parquet"));
}

TEST(Token, GoesToBytesAndBack) {
  const std::vector<DataFile> files = {
      {.path = "a.parquet", .format = "PARQUET", .num_rows = 3, .num_bytes = 400}};
  const auto back = decode_token(encode_token(files));
  ASSERT_THAT(back, IsOk());
  ASSERT_EQ(back->size(), 1U);
  EXPECT_EQ((*back)[0].path, "a.parquet");
  EXPECT_EQ((*back)[0].num_bytes, 400);
  EXPECT_THAT(decode_token({"[{}]"}), IsError(ErrorKind::kCorruptData, _));
}

}  // namespace
}  // namespace velo::iceberg
