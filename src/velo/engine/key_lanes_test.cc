// Pipelines into a sink whose lanes have rows by their key.

#include "velo/engine/key_lanes.h"

#include <gtest/gtest.h>

#include "velo/engine/key_lanes_for_test.h"
#include "velo/testing/matchers.h"

namespace velo::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;

TEST_F(KeyLanesTest, WriteAllRowsByAllLanes) {
  source_.splits_ = {{"a", inserts(0, 200)}, {"b", inserts(200, 50)}};
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
  EXPECT_EQ(table_.num_divided, 1);
  EXPECT_EQ(table_.num_of_one, 0);
}

TEST_F(KeyLanesTest, WriteAgainWhatOnlySomeHaveCommitted) {
  commit_often();
  source_.splits_ = {{"a", inserts(0, 2000)}};
  for (const int lane : {0, 1, 0, 1}) {
    kill_after(lane);
    EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
    EXPECT_EQ(table_.record.ahead.size(), size_t{1});
    EXPECT_LT(table_.record.positions.at("a").position,
              table_.record.ahead.at("a").position);
    options_.num_lanes = 7 - options_.num_lanes;  // 3, 4, 3 …
    // What is cut short is written again by one lane, at once.
    kill_after(0);
    const int num_divided = table_.num_divided;
    EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
    EXPECT_EQ(table_.num_divided, num_divided);
    EXPECT_THAT(table_.record.ahead, IsEmpty());
  }
  kill_no_more();
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
}

TEST_F(KeyLanesTest, GoOnByOneLaneWhereTheirNumberIsOneNow) {
  source_.splits_ = {{"a", inserts(0, 100)}};
  kill_after(1);
  EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
  EXPECT_EQ(table_.record.num_rows, 0);
  options_.num_lanes = 1;
  kill_no_more();
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->num_rows_committed, 100);
  expect_all_is_there();
}

TEST_F(KeyLanesTest, LetOneLaneWriteWhatCannotBeReadAgainFromItsBeginning) {
  source_.tells_beginnings_ = false;
  source_.splits_ = {{"a", inserts(0, 100)}};
  kill_after(0);
  EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
  EXPECT_EQ(table_.num_divided, 0);
  EXPECT_THAT(table_.record.ahead, IsEmpty());
  EXPECT_EQ(table_.record.num_rows, 100);
  kill_no_more();
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
}

TEST_F(KeyLanesTest, DivideWhatFollowsTheFirstPosition) {
  commit_often();
  source_.tells_beginnings_ = false;
  source_.splits_ = {{"a", inserts(0, 100)}};
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
  EXPECT_GT(table_.num_divided, 1);
  EXPECT_GE(table_.num_of_one, 1);
}

TEST_F(KeyLanesTest, TruncateByOneLaneInTheMiddleOfATransaction) {
  auto transactions = inserts(0, 60);
  transactions.push_back({{'u', 60, 1001},
                          {'u', 61, 1002},
                          {'u', 62, 1003},
                          {'u', 63, 1004},
                          {'u', 64, 1005},
                          {'u', 65, 1006},
                          {'u', 66, 1007},
                          {'u', 67, 1008},
                          {'t', 0, 1009},
                          {'u', 60, 1010},
                          {'u', 1, 1011},
                          {'u', 2, 1012}});
  transactions.push_back({{'u', 3, 1013}, {'d', 60, 1014}});
  source_.splits_ = {{"a", transactions}};
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
  EXPECT_EQ(table_.num_of_one, 1);
}

TEST_F(KeyLanesTest, FollowColumnsThatChangeInATransactionByOneLane) {
  auto transactions = inserts(0, 60);
  Transaction large = inserts(100, 40, 40).front();
  large.insert(large.begin() + 20, {'s', 0, 0});
  large.insert(large.begin() + 30, {'s', 0, 0});
  transactions.push_back(large);
  transactions.push_back({{'s', 0, 0}, {'u', 1, ++number_}});
  source_.splits_ = {{"a", transactions}};
  options_.on_schema_change = OnSchemaChange::kEvolve;
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
  EXPECT_GE(table_.num_of_one, 1);
}

TEST_F(KeyLanesTest, SayWhyThereIsOneLane) {
  source_.splits_ = {{"a", inserts(0, 10)}};
  table_.obstacle = "it has a trigger";
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->one_lane, "it has a trigger");
  EXPECT_EQ(table_.num_divided, 0);
  expect_all_is_there();
  table_ = {};
  table_.key = "other";
  const auto divided = run();
  ASSERT_THAT(divided, IsOk());
  EXPECT_THAT(divided->one_lane, HasSubstr("'other'"));
  EXPECT_EQ(table_.num_divided, 0);
}

TEST_F(KeyLanesTest, SayNothingWhereOneLaneIsAskedFor) {
  source_.splits_ = {{"a", inserts(0, 10)}};
  table_.obstacle = "it has a trigger";
  options_.num_lanes = 1;
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->one_lane, "");
}

TEST_F(KeyLanesTest, RefuseASourceThatEndsBeforeWhatIsThere) {
  source_.splits_ = {{"a", inserts(0, 100)}};
  kill_after(0);
  EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
  kill_no_more();
  source_.splits_ = {{"b", inserts(0, 10)}};
  EXPECT_THAT(run(), IsError(ErrorKind::kPositionLost, HasSubstr("a")));
}

}  // namespace
}  // namespace velo::engine
