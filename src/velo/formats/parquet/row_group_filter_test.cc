#include "velo/formats/parquet/row_group_filter.h"

#include <arrow/array.h>
#include <gmock/gmock.h>

#include <limits>

#include "velo/formats/parquet/format.h"
#include "velo/formats/round_trip_for_test.h"

namespace velo::formats {
namespace {

using ::testing::ElementsAre;
using Operator = Comparison::Operator;

// Ids of four row groups of 100 rows: 0 to 399; `half` is id / 2, `name` "n" and the id
// in three digits; `maybe` is NULL in the first row group, and has a NULL in the second.
std::string some_file() {
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::int32()), arrow::field("half", arrow::float64()),
       arrow::field("name", arrow::utf8()), arrow::field("maybe", arrow::int64()),
       arrow::field("at", arrow::timestamp(arrow::TimeUnit::MILLI)),
       arrow::field("price", arrow::decimal128(10, 2)),
       arrow::field("pair", arrow::struct_({arrow::field("id", arrow::int32())}))});
  std::string json = "[";
  for (int id = 0; id < 400; ++id) {
    const std::string maybe = id <= 100 ? "null" : std::to_string(id);
    const std::string digits = std::to_string(1000 + id).substr(1);
    json += (id > 0 ? ",{\"id\":" : "{\"id\":") + std::to_string(id) +
            ",\"half\":" + std::to_string(id / 2.0) + ",\"name\":\"n" + digits +
            "\",\"maybe\":" + maybe + ",\"at\":" + std::to_string(id) + ",\"price\":\"" +
            digits + ".00\",\"pair\":{\"id\":" + std::to_string(id) + "}}";
  }
  const Format& parquet = parquet_format();
  return written(parquet, {batch_from_json(schema, json + "]")},
                 values_of(parquet, {{"row_group_rows", "100"}}))
      .ValueOrDie();
}

// The ids that come back of a read with such a predicate, as first and last of each run
// without a gap; checked against the numbers of rows that are said to be left out.
std::vector<std::pair<int, int>> ids_of(std::vector<Comparison> predicate) {
  static const std::string bytes = some_file();
  auto file = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  const auto decoder =
      parquet_format()
          .make_decoder({.name = "rows", .stream = file, .file = file},
                        values_of(parquet_format(), {}), {.columns = {{"id"}}})
          .ValueOrDie();
  decoder->leave_out(std::move(predicate));
  std::vector<std::pair<int, int>> runs;
  int64_t row = 0;
  while (true) {
    const auto batch = decoder->next({}).ValueOrDie();
    row += decoder->take_left_out();
    if (!batch) break;
    const auto& ids = static_cast<const arrow::Int32Array&>(*batch->column(0));
    for (int64_t i = 0; i < ids.length(); ++i, ++row) {
      EXPECT_EQ(ids.Value(i), row);
      if (runs.empty() || runs.back().second + 1 != ids.Value(i)) {
        runs.emplace_back(ids.Value(i), ids.Value(i));
      }
      runs.back().second = ids.Value(i);
    }
  }
  EXPECT_EQ(row, 400);
  return runs;
}

using Runs = std::vector<std::pair<int, int>>;

Comparison term(std::string column, Operator op, std::shared_ptr<arrow::Scalar> value) {
  return {.column = std::move(column), .op = op, .value = std::move(value)};
}

TEST(RowGroupFilter, LeavesOutWhatStatisticsExclude) {
  const auto id = [](int value) { return arrow::MakeScalar(value); };
  const auto text = [](const char* value) {
    return std::make_shared<arrow::StringScalar>(value);
  };
  const struct {
    std::vector<Comparison> predicate;
    Runs ids;
  } cases[] = {
      {{}, {{0, 399}}},
      {{term("id", Operator::kEqual, id(250))}, {{200, 299}}},
      {{term("id", Operator::kEqual, id(400))}, {}},
      {{term("id", Operator::kNotEqual, id(250))}, {{0, 399}}},
      {{term("id", Operator::kLess, id(100))}, {{0, 99}}},
      {{term("id", Operator::kLessEqual, id(100))}, {{0, 199}}},
      {{term("id", Operator::kGreater, id(299))}, {{300, 399}}},
      {{term("id", Operator::kGreaterEqual, id(299))}, {{200, 399}}},
      {{term("id", Operator::kGreater, id(99)), term("id", Operator::kLess, id(300))},
       {{100, 299}}},
      {{term("name", Operator::kEqual, text("n150"))}, {{100, 199}}},
      {{term("maybe", Operator::kIsNull, nullptr)}, {{0, 199}}},
      {{term("maybe", Operator::kIsNotNull, nullptr)}, {{100, 399}}},
      {{term("maybe", Operator::kLess, arrow::MakeScalar(int64_t{1000}))}, {{100, 399}}},
      // A greater one may be NaN, of which statistics know nothing.
      {{term("half", Operator::kGreater, arrow::MakeScalar(1000.0))}, {{0, 399}}},
      {{term("half", Operator::kLess, arrow::MakeScalar(50.0))}, {{0, 99}}},
      {{term("half", Operator::kEqual,
             arrow::MakeScalar(std::numeric_limits<double>::quiet_NaN()))},
       {{0, 399}}},
      {{term("at", Operator::kLess,
             std::make_shared<arrow::TimestampScalar>(
                 100'000, arrow::timestamp(arrow::TimeUnit::MICRO)))},
       {{0, 99}}},
      // Between two milliseconds: in no way a value of the column.
      {{term("at", Operator::kLess,
             std::make_shared<arrow::TimestampScalar>(
                 100'500, arrow::timestamp(arrow::TimeUnit::MICRO)))},
       {{0, 399}}},
      {{term("price", Operator::kGreaterEqual,
             std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128(30000),
                                                       arrow::decimal128(10, 2)))},
       {{300, 399}}},
      {{term("pair", Operator::kIsNull, nullptr)}, {{0, 399}}},
      {{term("nothing", Operator::kEqual, id(1))}, {{0, 399}}},
      {{term("id", Operator::kEqual, text("a"))}, {{0, 399}}},
      // As text 400 is less than 5, as a number it is not: whoever compares decides.
      {{term("id", Operator::kGreater, text("5000"))}, {{0, 399}}},
      {{term("name", Operator::kLess, id(5))}, {{0, 399}}},
  };
  for (const auto& one : cases) {
    std::string name;
    for (const Comparison& comparison : one.predicate) {
      name += comparison.column + " " + std::to_string(static_cast<int>(comparison.op)) +
              " " + (comparison.value ? comparison.value->ToString() : "") + "; ";
    }
    EXPECT_EQ(ids_of(one.predicate), one.ids) << name;
  }
}

}  // namespace
}  // namespace velo::formats
