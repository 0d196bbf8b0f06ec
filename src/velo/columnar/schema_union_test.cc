#include "velo/columnar/schema_union.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/columnar/common_type.h"
#include "velo/columnar/schema_text.h"

namespace velo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string name_of(size_t number) {
  return std::string(1, static_cast<char>('a' + number));
}

Result<std::string> unite(const std::vector<std::string>& schemas) {
  SchemaUnion all(common_type, name_of);
  for (const std::string& text : schemas) {
    ARROW_ASSIGN_OR_RAISE(const auto schema, parse_schema(text));
    ARROW_RETURN_NOT_OK(all.add(schema));
  }
  return all.schema()->ToString();
}

TEST(SchemaUnions, HaveEachColumnOnce) {
  EXPECT_EQ(unite({"id int32, name text"}).ValueOrDie(), "id: int32\nname: string");
  EXPECT_EQ(unite({"id int32", "id int32", "id int32"}).ValueOrDie(), "id: int32");
  EXPECT_EQ(
      unite({"id int32, name text", "at date, id int64", "id int8, \"naïve ✓\" text"})
          .ValueOrDie(),
      "id: int64\nname: string\nat: date32[day]\nnaïve ✓: string");
}

TEST(SchemaUnions, AreNullableWhereOneIs) {
  const auto whole = arrow::field("id", arrow::int64(), /*nullable=*/false);
  SchemaUnion all(common_type, name_of);
  ASSERT_TRUE(all.add(arrow::schema({whole, whole->WithName("b")})).ok());
  EXPECT_FALSE(all.schema()->field(0)->nullable());
  ASSERT_TRUE(all.add(arrow::schema({whole})).ok());
  EXPECT_FALSE(all.schema()->field(0)->nullable());
  EXPECT_TRUE(all.schema()->field(1)->nullable());
}

TEST(SchemaUnions, NameBothWhereNoTypeHoldsTheValuesOfBoth) {
  const auto refused = unite({"id int64", "id int64, n int64", "id int64", "n text"});
  EXPECT_THAT(refused.status().ToString(),
              AllOf(HasSubstr("d: column 'n' is text, and int64 in b"),
                    HasSubstr("CAST in the SELECT")));
  EXPECT_EQ(kind_of(refused.status()), ErrorKind::kSchemaMismatch);
}

TEST(SchemaUnions, RefuseTwoColumnsOfOneNameOnlyWhereTheyMeetOthers) {
  const auto twice = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("id", arrow::utf8())});
  SchemaUnion all(common_type, name_of);
  ASSERT_TRUE(all.add(twice).ok());
  ASSERT_TRUE(all.add(twice).ok());
  EXPECT_EQ(all.schema()->num_fields(), 2);
  const Status refused = all.add(arrow::schema({arrow::field("id", arrow::int64())}));
  EXPECT_THAT(refused.ToString(), HasSubstr("a: two columns are named 'id'"));
}

TEST(WidenedSchemas, GainColumnsAndKeepWhatDoesNotMeet) {
  const auto schema = parse_schema("id int64, n int64, s text").ValueOrDie();
  const auto now =
      widened(schema, *parse_schema("n double, s int64, \"new one\" date").ValueOrDie());
  EXPECT_EQ(now->ToString(), "id: int64\nn: double\ns: string\nnew one: date32[day]");
  EXPECT_EQ(widened(schema, *parse_schema("s int64, id int8").ValueOrDie()), schema);
}

}  // namespace
}  // namespace velo
