#include "velo/sql/mapped_split_reader.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"
#include "velo/testing/scripted_source.h"

namespace velo::sql {
namespace {

using testing::CallLog;
using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;
using testing::position_of_row;
using testing::Script;
using testing::ScriptedReader;

class MappedSplits : public ::testing::Test {
 protected:
  std::unique_ptr<SplitReader> map(RowsFunction function) {
    script_.splits = {{"a", {1, 2}}};
    auto reader =
        map_batches(std::make_unique<ScriptedReader>(script_, log_), std::move(function));
    const std::vector<SplitStart> one = {{"a", {}}};
    EXPECT_THAT(reader->assign(one), IsOk());
    return reader;
  }

  CallLog log_;
  Script script_;
};

TEST_F(MappedSplits, KeepTheirPositionsWithoutTheirRows) {
  const auto reader = map([](const std::shared_ptr<arrow::RecordBatch>& rows,
                             const std::stop_token&) { return rows->Slice(0, 0); });
  for (const size_t row : {1, 2}) {
    const Event event = reader->poll({}, {}).ValueOrDie();
    const auto& batch = std::get<Batch>(event);
    EXPECT_EQ(batch.rows->num_rows(), 0);
    EXPECT_EQ(batch.split, "a");
    EXPECT_EQ(batch.position, position_of_row(row));
    EXPECT_EQ(reader->lag().num_rows, 2 - static_cast<int64_t>(row));
  }
  EXPECT_TRUE(std::holds_alternative<SplitEnded>(reader->poll({}, {}).ValueOrDie()));
  EXPECT_TRUE(std::holds_alternative<End>(reader->poll({}, {}).ValueOrDie()));
  EXPECT_THAT(reader->acknowledge({{"a", {position_of_row(2), true}}}), IsOk());
  EXPECT_TRUE(
      std::holds_alternative<Idle>(reader->poll({.max_bytes = 0}, {}).ValueOrDie()));
  EXPECT_THAT(log_.calls(),
              ElementsAre("assign a@begin", "acknowledge a=000002.", "poll 0"));
}

TEST_F(MappedSplits, StayFailed) {
  int num_calls = 0;
  const auto reader =
      map([&](std::shared_ptr<arrow::RecordBatch> rows,
              const std::stop_token&) -> Result<std::shared_ptr<arrow::RecordBatch>> {
        if (++num_calls == 1) return make_error(ErrorKind::kCorruptData, {}, "bad");
        return rows;
      });
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(reader->poll({}, {}), IsError(ErrorKind::kCorruptData, "bad"));
  }
  EXPECT_EQ(num_calls, 1);
}

TEST_F(MappedSplits, StayFailedWhereTheSourceFails) {
  const auto reader = map([](std::shared_ptr<arrow::RecordBatch> rows,
                             const std::stop_token&) { return rows; });
  for (int i = 0; i < 3; ++i) ASSERT_THAT(reader->poll({}, {}), IsOk());
  script_.at_end = make_error(ErrorKind::kTransient, {}, "went away");
  EXPECT_THAT(reader->poll({}, {}), IsError(ErrorKind::kTransient, "went away"));
  script_.at_end = Status::OK();
  EXPECT_THAT(reader->poll({}, {}), IsError(ErrorKind::kTransient, "went away"));
}

}  // namespace
}  // namespace velo::sql
