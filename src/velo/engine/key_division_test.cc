#include "velo/engine/key_division.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "velo/testing/matchers.h"

namespace velo::engine {
namespace {

using ::testing::HasSubstr;
using ::velo::testing::IsError;
using ::velo::testing::IsOk;

std::shared_ptr<arrow::RecordBatch> rows_of(int64_t num_rows, int64_t num_keys) {
  arrow::StringBuilder keys;
  arrow::Int32Builder parts;
  arrow::Int64Builder numbers;
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t key = row % num_keys;
    (void)(key == 0 ? keys.AppendNull() : keys.Append("key " + std::to_string(key)));
    (void)parts.Append(static_cast<int32_t>(key % 7));
    (void)numbers.Append(row);
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("k", arrow::utf8()), arrow::field("p", arrow::int32()),
                     arrow::field("n", arrow::int64())}),
      num_rows,
      {keys.Finish().ValueOrDie(), parts.Finish().ValueOrDie(),
       numbers.Finish().ValueOrDie()});
}

TEST(KeyDivision, GivesRowsOfAKeyToOneLaneInTheirOrder) {
  const auto rows = rows_of(10'000, 500);
  const auto division = KeyDivision::make(*rows->schema(), {"k", "p"}, 3);
  ASSERT_THAT(division, IsOk());
  const auto parts = division->divide(rows);
  ASSERT_THAT(parts, IsOk());
  ASSERT_EQ(parts->size(), size_t{3});
  std::map<std::string, size_t> lane_of;
  std::set<int64_t> seen;
  for (size_t lane = 0; lane < parts->size(); ++lane) {
    const auto& part = (*parts)[lane];
    ASSERT_NE(part, nullptr);
    // Neither lane has much more than its share.
    EXPECT_GT(part->num_rows(), 2'500);
    const auto& keys = static_cast<const arrow::StringArray&>(*part->column(0));
    const auto& numbers = static_cast<const arrow::Int64Array&>(*part->column(2));
    int64_t last = -1;
    for (int64_t row = 0; row < part->num_rows(); ++row) {
      EXPECT_LT(last, numbers.Value(row));
      last = numbers.Value(row);
      seen.insert(last);
      const std::string key = keys.IsNull(row) ? "" : keys.GetString(row);
      EXPECT_EQ(lane_of.try_emplace(key, lane).first->second, lane) << key;
    }
  }
  EXPECT_EQ(seen.size(), size_t{10'000});
  EXPECT_EQ(lane_of.size(), size_t{500});
}

TEST(KeyDivision, GivesTheSameLaneWhateverBatchARowIsIn) {
  const auto rows = rows_of(2'000, 100);
  const auto division = KeyDivision::make(*rows->schema(), {"k"}, 4);
  ASSERT_THAT(division, IsOk());
  const auto whole = division->divide(rows);
  const auto sliced = division->divide(rows->Slice(700, 300));
  ASSERT_THAT(whole, IsOk());
  ASSERT_THAT(sliced, IsOk());
  for (size_t lane = 0; lane < 4; ++lane) {
    std::set<int64_t> all;
    const auto& numbers =
        static_cast<const arrow::Int64Array&>(*(*whole)[lane]->GetColumnByName("n"));
    for (int64_t row = 0; row < numbers.length(); ++row) all.insert(numbers.Value(row));
    if (!(*sliced)[lane]) continue;
    const auto& part =
        static_cast<const arrow::Int64Array&>(*(*sliced)[lane]->GetColumnByName("n"));
    for (int64_t row = 0; row < part.length(); ++row) {
      EXPECT_TRUE(all.contains(part.Value(row))) << part.Value(row);
    }
  }
}

TEST(KeyDivision, GivesNothingWhereThereIsNothing) {
  const auto rows = rows_of(1, 1);
  const auto division = KeyDivision::make(*rows->schema(), {"k"}, 2);
  ASSERT_THAT(division, IsOk());
  const auto one = division->divide(rows);
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(((*one)[0] == nullptr) + ((*one)[1] == nullptr), 1);
  const auto none = division->divide(rows->Slice(0, 0));
  ASSERT_THAT(none, IsOk());
  EXPECT_EQ((*none)[0], nullptr);
  EXPECT_EQ((*none)[1], nullptr);
}

TEST(KeyDivision, TakesWhatIsEqualByItsBytesAlone) {
  using arrow::field;
  for (const auto& type :
       {arrow::boolean(), arrow::int8(), arrow::uint64(), arrow::date32(), arrow::utf8(),
        arrow::large_utf8(), arrow::binary(), arrow::decimal128(20, 2),
        arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")}) {
    EXPECT_THAT(KeyDivision::make(*arrow::schema({field("k", type)}), {"k"}, 2), IsOk());
  }
  for (const auto& type : {arrow::float64(), arrow::list(arrow::int64()),
                           arrow::dictionary(arrow::int32(), arrow::utf8())}) {
    EXPECT_THAT(KeyDivision::make(*arrow::schema({field("k", type)}), {"k"}, 2),
                IsError(ErrorKind::kNotImplemented,
                        HasSubstr("'k', which is " + type->ToString())));
  }
  EXPECT_THAT(
      KeyDivision::make(*arrow::schema({field("k", arrow::utf8())}), {"other"}, 2),
      IsError(ErrorKind::kInvalidArgument, HasSubstr("'other'")));
}

}  // namespace
}  // namespace velo::engine
