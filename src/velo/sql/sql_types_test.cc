#include "velo/sql/sql_types.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/extension/uuid.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace velo::sql {
namespace {

using arrow::TimeUnit;
using testing::HasSubstr;

TEST(SqlTypes, KeepsOrWidensTypes) {
  struct Row {
    std::shared_ptr<arrow::DataType> type;
    std::shared_ptr<arrow::DataType> in_sql;
  };
  const auto utc = arrow::timestamp(TimeUnit::MICRO, "UTC");
  const std::vector<Row> rows = {
      {arrow::int8(), arrow::int8()},
      {arrow::uint64(), arrow::uint64()},
      {arrow::float16(), arrow::float32()},
      {arrow::float64(), arrow::float64()},
      {arrow::large_utf8(), arrow::utf8()},
      {arrow::utf8_view(), arrow::utf8()},
      {arrow::null(), arrow::utf8()},
      {arrow::large_binary(), arrow::binary()},
      {arrow::fixed_size_binary(3), arrow::binary()},
      {arrow::date64(), arrow::date32()},
      {arrow::time32(TimeUnit::SECOND), arrow::time64(TimeUnit::MICRO)},
      {arrow::timestamp(TimeUnit::NANO), arrow::timestamp(TimeUnit::NANO)},
      {arrow::timestamp(TimeUnit::MILLI, "Europe/Paris"), utc},
      {arrow::timestamp(TimeUnit::NANO, "UTC"), utc},
      {arrow::decimal32(5, 2), arrow::decimal128(5, 2)},
      {arrow::decimal256(38, 2), arrow::decimal128(38, 2)},
      {arrow::dictionary(arrow::int8(), arrow::large_utf8()), arrow::utf8()},
      {arrow::large_list(arrow::large_utf8()), arrow::list(arrow::utf8())},
      {arrow::struct_({arrow::field("a", arrow::date64(), false)}),
       arrow::struct_({arrow::field("a", arrow::date32())})},
      {arrow::map(arrow::large_utf8(), arrow::int8()),
       arrow::map(arrow::utf8(), arrow::int8())},
      {arrow::fixed_size_list(arrow::int8(), 2),
       arrow::fixed_size_list(arrow::int8(), 2)},
      {arrow::extension::uuid(), arrow::binary()},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.type->ToString());
    const auto found = sql_type(row.type);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE((*found)->Equals(*row.in_sql)) << (*found)->ToString();
    EXPECT_TRUE((*sql_type(*found))->Equals(**found)) << "not a SQL type itself";
  }
}

TEST(SqlTypes, RefusesWhatSqlCannotCarry) {
  for (const auto& type :
       {arrow::decimal256(39, 2), arrow::decimal128(5, 7), arrow::decimal128(5, -1),
        arrow::time64(TimeUnit::NANO), arrow::duration(TimeUnit::SECOND),
        arrow::month_interval(), arrow::struct_({}),
        arrow::list(arrow::duration(TimeUnit::SECOND)),
        arrow::sparse_union({arrow::field("a", arrow::int8())})}) {
    SCOPED_TRACE(type->ToString());
    const auto found = sql_type(type);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(kind_of(found.status()), ErrorKind::kSchemaMismatch);
  }
  const auto schema =
      sql_schema(arrow::Schema({arrow::field("wait", arrow::duration(TimeUnit::SECOND))}),
                 "a.parquet");
  EXPECT_THAT(
      schema.status().message(),
      HasSubstr("a.parquet: column 'wait': SQL cannot carry the type duration[s]"));
}

TEST(SqlTypes, RefusesNamesThatDifferInCaseAlone) {
  const arrow::Schema schema(
      {arrow::field("Id", arrow::int8()), arrow::field("id", arrow::int8())});
  const Status status = check_column_names(schema, "a.csv", "rename one");
  EXPECT_EQ(
      status.message(),
      "a.csv: two columns are named 'Id' and 'id', which SQL cannot tell apart; rename "
      "one");
}

std::shared_ptr<arrow::RecordBatch> one_column(
    const std::shared_ptr<arrow::Array>& column) {
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("x", column->type())}),
                                  column->length(), {column});
}

Result<std::shared_ptr<arrow::Array>> converted(
    const std::shared_ptr<arrow::Array>& column) {
  const auto rows = one_column(column);
  ARROW_ASSIGN_OR_RAISE(const auto schema, sql_schema(*rows->schema(), "a"));
  ARROW_ASSIGN_OR_RAISE(const auto result, to_sql_types(rows, schema, "a"));
  ARROW_RETURN_NOT_OK(result->ValidateFull());
  return result->column(0);
}

std::shared_ptr<arrow::Array> times(const std::shared_ptr<arrow::DataType>& type,
                                    const std::vector<int64_t>& values) {
  arrow::TimestampBuilder builder(type, arrow::default_memory_pool());
  EXPECT_TRUE(builder.AppendValues(values).ok());
  EXPECT_TRUE(builder.AppendNull().ok());
  return builder.Finish().ValueOrDie();
}

TEST(SqlTypes, KeepsTheInstant) {
  const auto column =
      converted(times(arrow::timestamp(TimeUnit::MILLI, "Europe/Paris"), {1'000, -1}));
  ASSERT_TRUE(column.ok()) << column.status();
  const auto& instants = static_cast<const arrow::TimestampArray&>(**column);
  EXPECT_EQ(instants.Value(0), 1'000'000);
  EXPECT_EQ(instants.Value(1), -1'000);
  EXPECT_TRUE(instants.IsNull(2));
}

TEST(SqlTypes, RefusesAnInstantBetweenTwoMicroseconds) {
  const auto type = arrow::timestamp(TimeUnit::NANO, "UTC");
  EXPECT_TRUE(converted(times(type, {1'000})).ok());
  const auto column = converted(times(type, {1'001}));
  EXPECT_EQ(kind_of(column.status()), ErrorKind::kSchemaMismatch);
  EXPECT_THAT(column.status().message(), HasSubstr("column 'x': a value of type"));
}

TEST(SqlTypes, DecodesDictionaries) {
  arrow::StringDictionaryBuilder builder;
  for (const char* text : {"a", "b", "a"}) ASSERT_TRUE(builder.Append(text).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto column = converted(builder.Finish().ValueOrDie());
  ASSERT_TRUE(column.ok()) << column.status();
  EXPECT_EQ(static_cast<const arrow::StringArray&>(**column).GetString(2), "a");
  EXPECT_TRUE((*column)->IsNull(3));
}

}  // namespace
}  // namespace velo::sql
