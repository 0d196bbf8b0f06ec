#include "velo/source.h"

#include <arrow/array.h>
#include <gtest/gtest.h>

#include <thread>

#include "velo/testing/matchers.h"
#include "velo/testing/scripted_source.h"

namespace velo {
namespace {

using namespace std::chrono_literals;
using testing::CallLog;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::Script;
using testing::ScriptedSource;

class AllSplits : public ::testing::Test {
 protected:
  std::unique_ptr<DataReader> reader() { return source_.create_reader({}).ValueOrDie(); }

  // The first values of all batches that are left.
  static std::vector<int64_t> read_all(DataReader& from) {
    std::vector<int64_t> values;
    while (const auto batch = from.read().ValueOrDie()) {
      const auto& column = static_cast<const arrow::Int64Array&>(*batch->rows->column(0));
      for (int64_t i = 0; i < column.length(); ++i) values.push_back(column.Value(i));
    }
    return values;
  }

  CallLog log_;
  Script script_;
  ScriptedSource source_{script_, log_};
};

TEST_F(AllSplits, AreReadFromTheirBeginnings) {
  script_.splits = {{"a", {1, 2}}, {"b", {3}}};
  const auto from = reader();
  EXPECT_THAT(read_all(*from), ElementsAre(1, 2, 3));
  EXPECT_EQ(from->read().ValueOrDie(), std::nullopt) << "again";
  EXPECT_THAT(log_.calls(), ElementsAre("assign a@begin", "assign b@begin"));
}

TEST_F(AllSplits, HaveASchemaWhereTheyHaveNoRows) {
  for (const bool has_split : {false, true}) {
    if (has_split) script_.splits = {{"a", {}}};
    const auto from = reader();
    const auto batch = from->read().ValueOrDie();
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->rows->num_rows(), 0);
    EXPECT_TRUE(batch->rows->schema()->Equals(*script_.schema));
    EXPECT_FALSE(from->read().ValueOrDie());
  }
}

TEST_F(AllSplits, StayFailed) {
  script_.splits = {{"a", {1}}};
  script_.at_end = make_error(ErrorKind::kTransient, {}, "went away");
  const auto from = reader();
  EXPECT_THAT(from->read(), IsOk());
  EXPECT_THAT(from->read(), IsError(ErrorKind::kTransient, "went away"));
  script_.at_end = Status::OK();
  EXPECT_THAT(from->read(), IsError(ErrorKind::kTransient, "went away"));
}

// Waiting for rows, and waiting for splits.
TEST_F(AllSplits, AreStopped) {
  script_.ends = false;
  for (const bool has_split : {true, false}) {
    script_.splits.clear();
    if (has_split) script_.splits = {{"a", {}}};
    script_.is_complete = has_split;
    const auto from = reader();
    std::stop_source stop;
    std::jthread stopping([&](const std::stop_token& never) {
      testing::wait_until_stopped(never, 20ms);
      stop.request_stop();
    });
    EXPECT_EQ(kind_of(from->read(stop.get_token()).status()), ErrorKind::kCancelled);
  }
}

}  // namespace
}  // namespace velo
