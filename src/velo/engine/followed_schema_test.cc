#include "velo/engine/followed_schema.h"

#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/columnar/schema_text.h"
#include "velo/testing/matchers.h"

namespace velo::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

std::shared_ptr<arrow::Schema> schema_of(const char* text) {
  return parse_schema(text).ValueOrDie();
}

Batch batch_of(const std::shared_ptr<arrow::Schema>& schema, const std::string& json) {
  const auto rows =
      arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json);
  return {.rows = arrow::RecordBatch::FromStructArray(*rows).ValueOrDie(),
          .split = "events/0"};
}

TEST(FollowedSchemas, GainColumnsAndWidenTypes) {
  FollowedSchema followed(OnSchemaChange::kEvolve, schema_of("id int32, note text"), "");
  EXPECT_FALSE(*followed.follow({.schema = schema_of("note text, id int16")}));
  EXPECT_TRUE(*followed.follow({.schema = schema_of("id int64, \"größe\" double")}));
  EXPECT_TRUE(
      followed.schema()->Equals(schema_of("id int64, note text, \"größe\" double")));
  Batch batch = batch_of(schema_of("id int32"), R"([{"id": 7}])");
  ASSERT_THAT(followed.fit(batch), IsOk());
  EXPECT_EQ(batch.rows->schema(), followed.schema());
  EXPECT_EQ(batch.rows->column(1)->null_count(), 1);
  EXPECT_EQ(followed.num_rows_cut(), 0);
}

TEST(FollowedSchemas, KeepWhatSaysHowARowCameAboutAtTheEnd) {
  const char* changes = "id int64, note text, _op text, _unset text";
  FollowedSchema followed(OnSchemaChange::kEvolve, schema_of(changes), "");
  EXPECT_TRUE(*followed.follow(
      {.schema = schema_of("id int64, tip double, _op text, _unset text"),
       .drops_columns = true}));
  // What is gone would be NULL in rows that are there: it is not written any more.
  EXPECT_TRUE(followed.schema()->Equals(
      schema_of("id int64, tip double, _op text, _unset text")));
}

TEST(FollowedSchemas, RefuseATypeThatHoldsNotAllOfTheOther) {
  FollowedSchema followed(OnSchemaChange::kEvolve, schema_of("id int64"), "");
  EXPECT_THAT(followed.follow({.split = "public.orders",
                               .schema = schema_of("id text"),
                               .place = "0/16B3748"}),
              IsError(ErrorKind::kSchemaMismatch,
                      AllOf(HasSubstr("public.orders: 0/16B3748"),
                            HasSubstr("column 'id' is text, and it was int64"))));
  EXPECT_TRUE(followed.schema()->Equals(schema_of("id int64")));
}

TEST(FollowedSchemas, StayFrozenAndCountWhatIsLeftOut) {
  FollowedSchema followed(OnSchemaChange::kFreeze, schema_of("id int32"), "id: int32");
  const auto wider = schema_of("id int64, tip double, note text, other text");
  EXPECT_FALSE(*followed.follow({.schema = wider}));
  Batch batch = batch_of(wider, R"([{"id": 1, "tip": 1.5, "note": "a"}, {"id": 2},
                                    {"id": -2147483648, "note": ""}])");
  ASSERT_THAT(followed.fit(batch), IsOk());
  EXPECT_TRUE(batch.rows->schema()->Equals(schema_of("id int32")));
  EXPECT_EQ(batch.rows->num_rows(), 3);
  EXPECT_EQ(followed.num_rows_cut(), 2);
  EXPECT_THAT(followed.columns_cut(), ElementsAre("note", "tip"));
  Batch large = batch_of(wider, R"([{"id": 2147483648}])");
  EXPECT_THAT(followed.fit(large),
              IsError(ErrorKind::kSchemaMismatch,
                      AllOf(HasSubstr("events/0"), HasSubstr("column 'id'"))));
}

TEST(FollowedSchemas, FreezeWithWhatTheRecordHas) {
  FollowedSchema followed(OnSchemaChange::kFreeze, schema_of("id int64, _op text"),
                          "id: int64 gone: date32[day] _op: string");
  EXPECT_TRUE(*followed.follow({.schema = schema_of("gone date, id int64, new text")}));
  EXPECT_TRUE(followed.schema()->Equals(schema_of("id int64, gone date, _op text")));
}

TEST(FollowedSchemas, FailWithAllThatIsOther) {
  FollowedSchema followed(OnSchemaChange::kFail, schema_of("id int32, note text"), "");
  EXPECT_THAT(
      followed.follow({.split = "events/0",
                       .schema = schema_of("id int64, tip double"),
                       .place = "offset 12"}),
      IsError(ErrorKind::kSchemaMismatch,
              AllOf(HasSubstr("events/0: offset 12"),
                    HasSubstr("'id' as int64, and no longer as int32, a new column 'tip' "
                              "(double), no column 'note'"))));
}

}  // namespace
}  // namespace velo::engine
