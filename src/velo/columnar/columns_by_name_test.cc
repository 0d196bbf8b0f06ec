#include "velo/columnar/columns_by_name.h"

#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace velo {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<arrow::RecordBatch> rows_of(const std::shared_ptr<arrow::Schema>& schema,
                                            const std::string& json) {
  return arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json)
      .Map([&](const auto& rows) { return arrow::RecordBatch::FromStructArray(rows); })
      .ValueOrDie();
}

TEST(ColumnsByName, AreReorderedWidenedAndFilled) {
  const auto before = arrow::schema(
      {arrow::field("b", arrow::utf8()), arrow::field("a", arrow::int32()),
       arrow::field("s",
                    arrow::list(arrow::struct_({arrow::field("x", arrow::int8())})))});
  const auto after = arrow::schema(
      {arrow::field("a", arrow::decimal128(12, 2)), arrow::field("c", arrow::date32()),
       arrow::field("b", arrow::utf8()),
       arrow::field("s",
                    arrow::list(arrow::struct_({arrow::field("x", arrow::int64()),
                                                arrow::field("y", arrow::utf8())})))});
  const auto rows = rows_of(
      before,
      R"([{"b": "ß", "a": -2147483648, "s": [{"x": 1}]}, {"b": null, "a": null, "s": null}])");
  const auto same = columns_by_name(rows, after, "in.parquet");
  ASSERT_TRUE(same.ok()) << same.status();
  ASSERT_TRUE((*same)->ValidateFull().ok());
  EXPECT_TRUE((*same)->Equals(*rows_of(
      after, R"([{"a": "-2147483648.00", "c": null, "b": "ß", "s": [{"x": 1, "y": null}]},
                 {"a": null, "c": null, "b": null, "s": null}])")))
      << (*same)->ToString();
}

TEST(ColumnsByName, LeaveRowsAloneThatHaveThem) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int32())});
  const auto rows = rows_of(schema, R"([{"a": 1}])");
  EXPECT_EQ(columns_by_name(rows, rows->schema(), "").ValueOrDie(), rows);
  const auto other = columns_by_name(rows, schema, "").ValueOrDie();
  EXPECT_EQ(other->schema(), schema);
  EXPECT_EQ(other->column(0)->data(), rows->column(0)->data());
}

TEST(ColumnsByName, KeepTheNumberOfRowsWithoutAnyColumn) {
  const auto none = arrow::RecordBatch::Make(arrow::schema({}), 3, arrow::ArrayVector());
  const auto schema = arrow::schema({arrow::field("a", arrow::int32())});
  EXPECT_EQ(columns_by_name(none, schema, "").ValueOrDie()->column(0)->null_count(), 3);
}

TEST(ColumnsByName, NameTheColumnOfAValueThatDoesNotFit) {
  const auto rows = rows_of(arrow::schema({arrow::field("a", arrow::int64())}),
                            R"([{"a": 9223372036854775807}])");
  const auto schema = arrow::schema({arrow::field("a", arrow::int32())});
  const auto refused = columns_by_name(rows, schema, "b.parquet");
  EXPECT_THAT(
      refused.status().ToString(),
      HasSubstr("b.parquet: column 'a' is int64 here, and a value of it cannot be "
                "had as int32"));
  EXPECT_EQ(kind_of(refused.status()), ErrorKind::kSchemaMismatch);
}

TEST(ColumnsByName, LoseNoDigitOfAWholeNumber) {
  const auto schema = arrow::schema({arrow::field("a", arrow::float64())});
  for (const auto& [value, fits] :
       {std::pair("9007199254740992", true), std::pair("-9007199254740992", true),
        std::pair("9007199254740993", false)}) {
    const auto rows = rows_of(arrow::schema({arrow::field("a", arrow::int64())}),
                              "[{\"a\": " + std::string(value) + "}]");
    EXPECT_EQ(columns_by_name(rows, schema, "").ok(), fits) << value;
  }
}

}  // namespace
}  // namespace velo
