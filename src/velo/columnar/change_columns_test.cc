#include "velo/columnar/change_columns.h"

#include <gtest/gtest.h>

#include <vector>

namespace velo {
namespace {

TEST(ChangeColumns, NameWhatWasNotSentWhateverItIsCalled) {
  const std::vector<std::string> names = {"a,b",  "b",  "q\"u,o", "u",
                                          "it's", "\"", ",",      "süß"};
  for (size_t skipped = 0; skipped < names.size(); ++skipped) {
    std::string unset;
    for (size_t i = 0; i < names.size(); ++i) {
      if (i != skipped) unset += (unset.empty() ? "" : ",") + name_in_unset(names[i]);
    }
    for (size_t i = 0; i < names.size(); ++i) {
      EXPECT_EQ(is_unset(unset, names[i]), i != skipped) << names[i] << " in " << unset;
    }
    EXPECT_FALSE(is_unset(unset, "a"));
  }
  EXPECT_FALSE(is_unset("", "a"));
}

TEST(ChangeColumns, AreTextWhereRowsAreChanges) {
  const auto op = arrow::field("_op", arrow::utf8());
  const auto unset = arrow::field("_unset", arrow::utf8());
  EXPECT_TRUE(are_changes(*arrow::schema({op, unset})));
  EXPECT_FALSE(are_changes(*arrow::schema({op})));
  EXPECT_FALSE(are_changes(*arrow::schema({op, arrow::field("_unset", arrow::int64())})));
  EXPECT_TRUE(is_change_column("_ts"));
  EXPECT_FALSE(is_change_column("ts"));
}

TEST(ChangeColumns, StandBehindThoseOfTheTable) {
  const arrow::FieldVector table = {arrow::field("id", arrow::int64()),
                                    arrow::field("ts", arrow::utf8())};
  auto fields = with_change_columns(table);
  EXPECT_EQ(arrow::schema(fields)->field_names(),
            (std::vector<std::string>{"id", "ts", "_op", "_ts", "_position", "_unset"}));
  EXPECT_TRUE(are_changes(*arrow::schema(fields)));
  fields.push_back(arrow::field("_before", arrow::struct_(table)));
  EXPECT_TRUE(
      columns_of_changed_rows(*arrow::schema(fields))->Equals(arrow::Schema(table)));
}

}  // namespace
}  // namespace velo
