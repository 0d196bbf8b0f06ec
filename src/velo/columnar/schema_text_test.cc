#include "velo/columnar/schema_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace velo {
namespace {

using ::testing::HasSubstr;

TEST(ParseSchema, ReadsNamesAndTypes) {
  const auto schema = parse_schema(
      "id int64, price:decimal(12,2), \"order date\" date, at timestamp(ms), seen "
      "timestamptz, note VARCHAR(20), big decimal(50, 3)");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->ToString(),
            "id: int64\nprice: decimal128(12, 2)\norder date: date32[day]\nat: "
            "timestamp[ms]\nseen: timestamp[us, tz=UTC]\nnote: string\nbig: "
            "decimal256(50, 3)");
}

TEST(ParseSchema, RefusesWhatIsNotOne) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "expected a name and a type"},
      {"id", "expected a name and a type"},
      {"id int64,", "expected a name and a type"},
      {"id integr", "expected a type"},
      {"id int64, id text", "stands twice"},
      {"p decimal(2,3)", "expected decimal("},
      {"p decimal(x)", "expected decimal("},
      {"\"open int64", "expected a name in double quotes"},
      {"t timestamp(hours)", "expected a unit"},
  };
  for (const auto& [text, message] : cases) {
    SCOPED_TRACE(text);
    const auto schema = parse_schema(text);
    ASSERT_FALSE(schema.ok());
    EXPECT_EQ(kind_of(schema.status()), ErrorKind::kInvalidArgument);
    EXPECT_THAT(schema.status().message(), HasSubstr(message));
  }
}

TEST(SchemaText, IsReadBack) {
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("unit price", arrow::utf8()),
       arrow::field("a,b:(c)", arrow::decimal128(12, 2)),
       arrow::field("ö", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))});
  const std::string text = schema_text(*schema);
  EXPECT_EQ(text,
            "id int64, \"unit price\" text, \"a,b:(c)\" decimal(12,2), ö timestamptz");
  const auto again = parse_schema(text);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE((*again)->Equals(*schema)) << (*again)->ToString();
}

TEST(TypeName, IsReadBack) {
  for (const char* name :
       {"int8", "int64", "uint64", "float", "double", "bool", "text", "binary", "date",
        "time", "timestamp", "timestamp(ns)", "timestamptz", "timestamptz(ms)",
        "decimal(38,0)", "decimal(76,10)"}) {
    SCOPED_TRACE(name);
    const auto type = parse_type(name);
    ASSERT_TRUE(type.ok()) << type.status();
    EXPECT_EQ(type_name(**type), name);
  }
}

}  // namespace
}  // namespace velo
