// How runs end: finished, stopped, and with or without a record that stays.

#include <gtest/gtest.h>

#include <thread>

#include "velo/engine/pipeline_runs_for_test.h"
#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::position_of_row;
using testing::wait_until_stopped;

TEST_F(PipelineRuns, LeaveNothingOfASnapshotThatWasStopped) {
  commit_often();
  script_.splits = {{"a", count(1000)}};
  script_.rows_to_position = 1000;
  options_.on_progress = [&](const Progress& progress) {
    if (progress.num_rows == 500) stop_.request_stop();
  };
  EXPECT_THAT(
      run({.id = "run_1", .is_run = true}),
      IsError(ErrorKind::kCancelled, "stopped before there was a place to go on from"));
  EXPECT_EQ(memory_.rows(), count(0));
  EXPECT_EQ(log_.count("commit "), 0);
  EXPECT_EQ(log_.count("source forgets its reader"), 1);
}

TEST_F(PipelineRuns, HaveTheSourceForgetAFinishedRun) {
  ASSERT_THAT(run({.id = "run_1", .is_run = true}), IsOk());
  const auto calls = log_.calls();
  ASSERT_GE(calls.size(), 2U);
  EXPECT_EQ(calls[calls.size() - 2], "source forgets its reader");
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(log_.count("source forgets"), 1) << "a named one comes again";
}

TEST_F(PipelineRuns, WaitForASinkThatGoesAwayWhenAllIsCommitted) {
  options_.retry_for = 60s;
  memory_.on_call = [left = 2](const std::string& made, const std::stop_token&) mutable {
    if (made != "forget" || left-- <= 0) return Status::OK();
    return make_error(ErrorKind::kTransient, {}, "the server is starting");
  };
  EXPECT_THAT(run({.id = "run_1", .is_run = true}), IsOk());
  EXPECT_EQ(log_.count("forget"), 3);
  EXPECT_TRUE(memory_.records().empty());
}

// All is committed: who failed for what may pass would be run again, and where the record
// is gone, all rows would come twice.
TEST_F(PipelineRuns, AreDoneThoughTheirRecordMayBeLeft) {
  options_.retry_for = 0s;
  const PipelineIdentity nameless{.id = "run_1", .is_run = true};
  for (const auto kind :
       {ErrorKind::kTransient, ErrorKind::kThrottled, ErrorKind::kCommitStateUnknown}) {
    for (const std::string call : {"forget", "forgotten", "removed"}) {
      SCOPED_TRACE(call + ": " + std::string(to_string(kind)));
      memory_.on_call = [&](const std::string& made, const std::stop_token&) {
        return made == call ? make_error(kind, {}, "no answer") : Status::OK();
      };
      const auto rows = memory_.rows().size();
      auto progress = run(nameless);
      ASSERT_THAT(progress, IsOk());
      EXPECT_EQ(progress->record_left, "no answer");
      EXPECT_EQ(progress->num_rows, 5);
      EXPECT_EQ(memory_.rows().size(), rows + 5);
      EXPECT_EQ(memory_.records().empty(), call == "removed");
      restart();
      fail_nothing();
      if (call == "removed") continue;
      progress = run(nameless);
      ASSERT_THAT(progress, IsOk());
      EXPECT_THAT(progress->record_left, IsEmpty());
      EXPECT_EQ(progress->num_rows, 0);
      EXPECT_EQ(memory_.rows().size(), rows + 5);
      EXPECT_TRUE(memory_.records().empty());
      restart();
    }
  }
}

TEST_F(PipelineRuns, SayThatAllIsCommittedWhereTheirRecordCannotBeRemoved) {
  memory_.on_call = [](const std::string& made, const std::stop_token&) {
    return made == "forget" ? make_error(ErrorKind::kPermissionDenied, {}, "no DELETE")
                            : Status::OK();
  };
  EXPECT_THAT(run({.id = "run_1", .is_run = true}),
              IsError(ErrorKind::kPermissionDenied,
                      "all rows are committed, and the record is not removed: "
                      "no DELETE"));
  EXPECT_EQ(memory_.rows(), count(5));
}

TEST_F(PipelineRuns, StopWhileTheirRecordIsRemoved) {
  options_.retry_for = 1h;
  memory_.on_call = [this](const std::string& made, const std::stop_token&) {
    if (made != "forget") return Status::OK();
    stop_.request_stop();
    return make_error(ErrorKind::kTransient, {}, "no answer");
  };
  const auto progress = run({.id = "run_1", .is_run = true});
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->record_left, "no answer");
  EXPECT_FALSE(progress->stopped);
}

TEST_F(PipelineRuns, StopWhileIdle) {
  script_.ends = false;
  std::jthread stopping([this](const std::stop_token& never) {
    while (log_.count("write") < 5) wait_until_stopped(never, 1ms);
    wait_until_stopped(never, 20ms);
    stop_.request_stop();
  });
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_TRUE(progress->stopped);
  EXPECT_EQ(memory_.rows(), count(5));
  EXPECT_EQ(record().positions.at("a").position, position_of_row(3));
}

TEST_F(PipelineRuns, StopBeforeAnythingCame) {
  script_.splits.clear();
  script_.is_complete = false;
  stop_.request_stop();
  EXPECT_THAT(run(), IsError(ErrorKind::kCancelled, HasSubstr("stopped")));
}

// What is in the queue is written, what is not is left for the next run.
TEST_F(PipelineRuns, StopWhileTheQueueIsFull) {
  script_.splits = {{"a", count(10'000)}};
  options_.queue_bytes = 2000;
  memory_.on_call = [this](const std::string& made, const std::stop_token& stop) {
    if (made != "write 0" || stop_.stop_requested()) return Status::OK();
    wait_until_stopped(stop, 300ms);
    stop_.request_stop();
    return Status::OK();
  };
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_TRUE(progress->stopped);
  EXPECT_GT(progress->num_rows, 0);
  EXPECT_LT(progress->num_rows, 10'000);
  EXPECT_EQ(memory_.rows(), count(progress->num_rows));
  EXPECT_EQ(record().positions.at("a").position,
            position_of_row(static_cast<size_t>(progress->num_rows)));

  restart();
  fail_nothing();
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows(), count(10'000));
}

TEST_F(PipelineRuns, StopWhileALaneBlocks) {
  options_.longest_stop = 50ms;
  for (const int64_t queue_bytes : {100, 1 << 20}) {
    options_.queue_bytes = queue_bytes;
    EXPECT_THAT(run_until("write 0"),
                IsError(ErrorKind::kCancelled, HasSubstr("read again by the next run")));
    EXPECT_THAT(memory_.rows(), IsEmpty());
    restart();
  }
  fail_nothing();
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows(), count(5));
}

TEST_F(PipelineRuns, WithoutANameLeaveNoRecord) {
  const PipelineIdentity nameless{.id = "run_1", .is_run = true};
  ASSERT_THAT(run(nameless), IsOk());
  EXPECT_THAT(memory_.records(), IsEmpty());
  ASSERT_THAT(run(nameless), IsOk());
  EXPECT_EQ(memory_.rows().size(), 10U) << "each is a run of its own";
}

TEST_F(PipelineRuns, WithoutANameResumeWhatWasLeftUnfinished) {
  const PipelineIdentity nameless{.id = "run_1", .is_run = true};
  script_.splits = {{"a", count(50)}};
  commit_often();
  script_.at_end = make_error(ErrorKind::kTransient, {}, "the source went away");
  EXPECT_THAT(run(nameless), IsError(ErrorKind::kTransient, HasSubstr("went away")));
  script_.at_end = Status::OK();
  ASSERT_THAT(run(nameless), IsOk());
  EXPECT_EQ(memory_.rows(), count(50));
  EXPECT_THAT(memory_.records(), IsEmpty());
}

TEST_F(PipelineRuns, WithoutANameForgetWhatNeverBegan) {
  const PipelineIdentity nameless{.id = "run_1", .is_run = true};
  for (const char* call : {"write 0", "prepare 0"}) {
    fail(call);
    EXPECT_THAT(run(nameless), IsError(ErrorKind::kSystem, HasSubstr(call)));
    EXPECT_THAT(memory_.records(), IsEmpty());
  }
}

// Its first commit may have been decided before it failed: the next run is to find out.
TEST_F(PipelineRuns, WithoutANameKeepWhatMayHaveBeenCommitted) {
  const PipelineIdentity nameless{.id = "run_1", .is_run = true};
  fail("committed");
  EXPECT_THAT(run(nameless), IsError(ErrorKind::kSystem, HasSubstr("committed")));
  fail_nothing();
  ASSERT_THAT(run(nameless), IsOk());
  EXPECT_EQ(memory_.rows(), count(5));
  EXPECT_THAT(memory_.records(), IsEmpty());
}

TEST_F(PipelineRuns, WithoutANameForgetTheRestOfAFinishedOne) {
  const PipelineIdentity nameless{.id = "run_1", .is_run = true};
  fail("forgotten");
  EXPECT_THAT(run(nameless), IsError(ErrorKind::kSystem, HasSubstr("forgotten")));
  fail_nothing();
  const auto again = run(nameless);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->num_rows_before, 5);
  EXPECT_EQ(again->num_rows, 0);
  EXPECT_EQ(memory_.rows(), count(5));
  EXPECT_THAT(memory_.records(), IsEmpty());
}

}  // namespace
}  // namespace velo::engine
