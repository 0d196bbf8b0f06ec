#include "velo/sql/short_cut.h"

#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/columnar/change_columns.h"
#include "velo/sql/carried_changes.h"
#include "velo/sql/literal_value.h"

namespace velo::sql {
namespace {

using Kind = Literal::Kind;

std::string value_of(const Literal& literal,
                     const std::shared_ptr<arrow::DataType>& type) {
  const auto value = literal_value(literal, type);
  if (!value) return "none";
  EXPECT_TRUE(value->type->Equals(*type));
  return value->ToString();
}

Literal whole(int64_t number) {
  return {.kind = Kind::kInteger, .integer = number, .scale = 0, .text = {}};
}

Literal fraction(int64_t number, int32_t scale) {
  return {.kind = Kind::kDecimal, .integer = number, .scale = scale, .text = {}};
}

Literal text(std::string content, Kind kind = Kind::kText) {
  return {.kind = kind, .integer = 0, .scale = 0, .text = std::move(content)};
}

TEST(LiteralValue, IsAWholeNumberInRange) {
  EXPECT_EQ(value_of(whole(127), arrow::int8()), "127");
  EXPECT_EQ(value_of(whole(128), arrow::int8()), "none");
  EXPECT_EQ(value_of(whole(-1), arrow::uint64()), "none");
  EXPECT_EQ(value_of(whole(INT64_MIN), arrow::int64()), "-9223372036854775808");
  EXPECT_EQ(value_of(fraction(15, 1), arrow::int32()), "none");
  EXPECT_EQ(value_of(text("1"), arrow::int32()), "none");
}

TEST(LiteralValue, IsAnExactDouble) {
  EXPECT_EQ(value_of(whole(3), arrow::float64()), "3");
  EXPECT_EQ(value_of(whole((int64_t{1} << 53) + 1), arrow::float64()), "none");
  EXPECT_EQ(value_of(fraction(1, 1), arrow::float64()), "0.1");
  EXPECT_EQ(value_of(whole(3), arrow::float32()), "none");
}

TEST(LiteralValue, FitsTheDecimal) {
  EXPECT_EQ(value_of(whole(3), arrow::decimal128(5, 2)), "3.00");
  EXPECT_EQ(value_of(fraction(-125, 2), arrow::decimal128(5, 2)), "-1.25");
  EXPECT_EQ(value_of(fraction(1, 3), arrow::decimal128(5, 2)), "none");
  EXPECT_EQ(value_of(whole(1000), arrow::decimal128(5, 2)), "none");
  EXPECT_EQ(value_of(whole(1), arrow::decimal128(38, 2)), "none");
}

TEST(LiteralValue, IsTextOrBoolOnlyOfItsType) {
  const Literal yes{.kind = Kind::kBool, .integer = 1, .scale = 0, .text = {}};
  EXPECT_EQ(value_of(text("x"), arrow::utf8()), "x");
  EXPECT_EQ(value_of(whole(1), arrow::utf8()), "none");
  EXPECT_EQ(value_of(yes, arrow::boolean()), "true");
  EXPECT_EQ(value_of(whole(1), arrow::boolean()), "none");
  EXPECT_EQ(value_of(text("x"), arrow::binary()), "none");
  EXPECT_EQ(value_of(text("x"), arrow::list(arrow::utf8())), "none");
}

TEST(LiteralValue, ReadsPlainDatesAndTimes) {
  const auto micro = arrow::timestamp(arrow::TimeUnit::MICRO);
  const Literal moment = text("2024-02-29 01:02:03", Kind::kTimestamp);
  EXPECT_EQ(value_of(text("2024-02-29"), arrow::date32()), "2024-02-29");
  EXPECT_EQ(value_of(text("1969-12-31", Kind::kDate), arrow::date32()), "1969-12-31");
  for (const char* not_plain :
       {"2023-02-29", "2024-2-9", "infinity", " 2024-02-29", ""}) {
    EXPECT_EQ(value_of(text(not_plain), arrow::date32()), "none");
    EXPECT_EQ(value_of(text(not_plain), micro), "none");
  }
  EXPECT_EQ(value_of(moment, micro), "2024-02-29 01:02:03.000000");
  EXPECT_EQ(value_of(text("2024-02-29"), micro), "2024-02-29 00:00:00.000000");
  EXPECT_EQ(value_of(text("2024-02-29 24:00:00"), micro), "none");
  EXPECT_EQ(value_of(text("2024-02-29 01:02:03.5"), micro), "none");
  EXPECT_EQ(value_of(moment, arrow::timestamp(arrow::TimeUnit::MILLI)), "none");
  EXPECT_EQ(value_of(moment, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")), "none");
  EXPECT_EQ(value_of(text("2024-02-29", Kind::kDate), micro), "none");
}

SimpleTerm above(std::string column, int64_t number) {
  return {.column = std::move(column),
          .op = Comparison::Operator::kGreater,
          .literal = Literal{.kind = Kind::kInteger, .integer = number}};
}

const arrow::Schema& columns() {
  static const arrow::Schema schema({arrow::field("id", arrow::int64()),
                                     arrow::field("Name", arrow::utf8()),
                                     arrow::field("total", arrow::float64())});
  return schema;
}

TEST(ShortCut, AsksForTheColumnsThatAreNeeded) {
  SimpleSelect select{.scheme = "file", .address = "a"};
  select.columns = {{"NAME", "n"}};
  select.terms = {above("ID", 3), above("id", 1)};
  select.limit = 5;
  const auto short_cut = plan_short_cut(select, columns());
  ASSERT_TRUE(short_cut);
  EXPECT_THAT(*short_cut->read.columns, testing::ElementsAre("Name", "id"));
  EXPECT_THAT(short_cut->schema->field_names(), testing::ElementsAre("n"));
  EXPECT_EQ(short_cut->limit, 5);
  EXPECT_FALSE(short_cut->read.limit) << "the source may not know the predicate";
  ASSERT_EQ(short_cut->read.predicate.size(), 2U);
  EXPECT_EQ(short_cut->read.predicate[0].column, "id");
}

std::shared_ptr<arrow::RecordBatch> rows_of(const std::shared_ptr<arrow::Schema>& schema,
                                            const std::string& json) {
  const auto rows =
      arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json);
  return arrow::RecordBatch::FromStructArray(rows.ValueOrDie()).ValueOrDie();
}

TEST(ShortCut, CarriesChangesWithTheColumnsThatAreNamed) {
  const auto changes = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8()),
       arrow::field("_op", arrow::utf8()), arrow::field("_unset", arrow::utf8())});
  SimpleSelect select{.scheme = "postgresql", .address = "a"};
  select.columns = {{"id", ""}};
  select.terms = {{.column = "name", .op = Comparison::Operator::kIsNotNull}};
  auto short_cut = plan_short_cut(select, *changes);
  ASSERT_TRUE(short_cut && are_changes(*changes));
  ASSERT_TRUE(carry_changes(*short_cut, *changes).ok());
  EXPECT_THAT(short_cut->schema->field_names(),
              testing::ElementsAre("id", "_op", "_unset"));
  EXPECT_THAT(*short_cut->read.columns,
              testing::ElementsAre("id", "_op", "_unset", "name"));
  EXPECT_TRUE(short_cut->read.predicate.empty()) << "a source may leave rows out";

  const auto rows =
      rows_of(arrow::schema({changes->field(0), changes->field(2), changes->field(3),
                             changes->field(1)}),
              R"([[1, "c", null, "a"], [2, "u", null, null], [3, "d", null, null],
          [4, "u", "id", "b"], [null, "t", null, null]])");
  const auto carried = apply_short_cut(*short_cut, rows);
  ASSERT_TRUE(carried.ok()) << carried.status().message();
  EXPECT_TRUE((*carried)->Equals(
      *rows_of(short_cut->schema, R"([[1, "c", null], [2, "d", null], [3, "d", null],
                             [4, "u", "id"], [null, "t", null]])")))
      << (*carried)->ToString();
}

TEST(ShortCut, KnowsWhetherARowIsInWithoutAValueThatWasNotSent) {
  const auto changes = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("doc", arrow::utf8()),
       arrow::field("_op", arrow::utf8()), arrow::field("_unset", arrow::utf8())});
  const auto carried = [&](const SimpleTerm& of_doc, const std::string& row) {
    SimpleSelect select{.scheme = "postgresql", .address = "a", .all_columns = true};
    select.terms = {above("id", 3), of_doc};
    auto short_cut = plan_short_cut(select, *changes);
    EXPECT_TRUE(short_cut && carry_changes(*short_cut, *changes).ok());
    const auto rows = apply_short_cut(*short_cut, rows_of(changes, "[" + row + "]"));
    if (!rows.ok()) return rows.status().message().substr(0, 21);
    const auto operations = (*rows)->GetColumnByName("_op");
    return static_cast<const arrow::StringArray&>(*operations).GetString(0);
  };
  const SimpleTerm not_z{
      .column = "doc", .op = Comparison::Operator::kNotEqual, .literal = text("z")};
  const SimpleTerm is_there{.column = "doc", .op = Comparison::Operator::kIsNotNull};
  EXPECT_EQ(carried(not_z, R"([1, null, "u", "doc"])"), "d") << "id decides";
  EXPECT_EQ(carried(not_z, R"([4, null, "u", "doc"])"), "WHERE looks at 'doc',");
  EXPECT_EQ(carried(is_there, R"([1, null, "u", "doc"])"), "WHERE looks at 'doc',");
  EXPECT_EQ(carried(is_there, R"([1, null, "u", null])"), "d");
  EXPECT_EQ(carried(is_there, R"([4, "x", "u", null])"), "u");
}

TEST(ShortCut, GivesTheSourceTheLimitWhereItIsAllThereIs) {
  SimpleSelect select{.scheme = "file", .address = "a", .all_columns = true};
  select.limit = 5;
  const auto short_cut = plan_short_cut(select, columns());
  ASSERT_TRUE(short_cut);
  EXPECT_FALSE(short_cut->read.columns);
  EXPECT_EQ(short_cut->read.limit, 5);
}

TEST(ShortCut, IsNotTakenInDoubt) {
  SimpleSelect unknown{.scheme = "file", .address = "a"};
  unknown.columns = {{"nothing", ""}};
  EXPECT_FALSE(plan_short_cut(unknown, columns()));
  SimpleSelect twice{.scheme = "file", .address = "a"};
  twice.columns = {{"id", ""}, {"ID", "other"}};
  EXPECT_FALSE(plan_short_cut(twice, columns()));
  SimpleSelect alike{.scheme = "file", .address = "a"};
  alike.columns = {{"id", "name"}, {"Name", ""}};
  EXPECT_FALSE(plan_short_cut(alike, columns()));
  SimpleSelect other_type{.scheme = "file", .address = "a", .all_columns = true};
  other_type.terms = {above("name", 3)};
  EXPECT_FALSE(plan_short_cut(other_type, columns()));
}

}  // namespace
}  // namespace velo::sql
