#include "velo/engine/record_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "velo/columnar/schema_text.h"
#include "velo/testing/matchers.h"

namespace velo::engine {
namespace {

using ::testing::HasSubstr;
using testing::IsError;

std::shared_ptr<arrow::Schema> schema_of(const char* text) {
  return parse_schema(text).ValueOrDie();
}

std::string text_of(const char* schema) {
  std::string text = schema_of(schema)->ToString();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

TEST(ColumnsOfARecord, AreFoundInItsText) {
  const auto now = schema_of(
      "id int64, \"a b\" text, at timestamp, price decimal(12,2), seen timestamptz(ms)");
  EXPECT_TRUE(columns_of_record(*now, text_of("price decimal(12,2), id int64, gone date"))
                  ->Equals(schema_of("id int64, price decimal(12,2)")));
  EXPECT_TRUE(columns_of_record(*now, text_of("\"a b\" text, at timestamp"))
                  ->Equals(schema_of("\"a b\" text, at timestamp")));
  EXPECT_TRUE(
      columns_of_record(*now, text_of("seen timestamptz, price decimal(9,0), id int8"))
          ->Equals(schema_of("id int8, price decimal(9,0), seen timestamptz")));
  EXPECT_EQ(columns_of_record(*now, "id: list<item: int64>"), nullptr);
}

TEST(ColumnsSinceARecord, HoldWhatItHas) {
  const auto now = schema_of("id int32, price decimal(12,2), more text");
  EXPECT_TRUE(columns_since_record(*now, text_of("price decimal(10,4), id int64"))
                  .ValueOrDie()
                  ->Equals(schema_of("id int64, price decimal(14,4), more text")));
  EXPECT_THAT(columns_since_record(*now, text_of("id text")),
              IsError(ErrorKind::kSchemaMismatch,
                      HasSubstr("column 'id' is int32, and it was text")));
}

}  // namespace
}  // namespace velo::engine
