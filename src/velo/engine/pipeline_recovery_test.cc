// What a run meets in its record: where it goes on, what it refuses, who is newer.

#include <gtest/gtest.h>

#include "velo/engine/pipeline_runs_for_test.h"
#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::CallLog;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::MemorySink;
using testing::position_of_row;
using testing::Script;
using testing::ScriptedSource;

TEST_F(PipelineRuns, GoOnFromTheirRecord) {
  commit_often();
  script_.splits = {{"a", count(3)}, {"b", count(40, 3)}};
  script_.at_end = make_error(ErrorKind::kTransient, {}, "the source went away");
  EXPECT_THAT(run(), IsError(ErrorKind::kTransient, "the source went away"));
  const Positions known = record().positions;
  ASSERT_FALSE(known.empty());

  CallLog second;
  script_.at_end = Status::OK();
  ScriptedSource source(script_, second);
  MemorySink sink(memory_);
  const auto progress = velo::run(source, sink, {.id = "orders"}, options_, {});
  ASSERT_THAT(progress, IsOk());
  for (const auto& [split, at] : known) {
    EXPECT_THAT(second.calls(), Contains("assign " + split + "@" + at.position.bytes));
  }
  EXPECT_EQ(memory_.rows(), count(43));
  EXPECT_EQ(progress->num_rows_before + progress->num_rows, 43);
}

TEST_F(PipelineRuns, ReadOnlyWhatIsNewWhenRunAgain) {
  ASSERT_THAT(run(), IsOk());
  const auto again = run();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->num_commits, 0);
  EXPECT_EQ(again->num_rows_before, 5);
  EXPECT_THAT(log_.calls(), Contains("assign a@000003"));

  script_.splits["c"] = count(2, 5);
  const auto more = run();
  ASSERT_THAT(more, IsOk());
  EXPECT_EQ(more->num_rows, 2);
  EXPECT_EQ(memory_.rows(), count(7));
  EXPECT_THAT(log_.calls(), Contains("assign c@begin, later"));
  EXPECT_EQ(record().positions.size(), 3U);
}

TEST_F(PipelineRuns, StopWhereASplitIsGoneThatWasReadInPart) {
  script_.ends = false;
  options_.on_progress = [&](const Progress& progress) {
    if (progress.num_rows == 5) stop_.request_stop();
  };
  ASSERT_THAT(run(), IsOk());
  restart();
  script_.splits.erase("a");
  EXPECT_THAT(run(), IsError(ErrorKind::kPositionLost,
                             AllOf(HasSubstr("a: "), HasSubstr("put it back"))));
  EXPECT_EQ(memory_.rows(), count(5));
}

TEST_F(PipelineRuns, GoOnWhereASplitIsGoneThatHadEnded) {
  ASSERT_THAT(run(), IsOk());
  script_.splits.erase("a");
  EXPECT_THAT(run(), IsOk());
}

TEST_F(PipelineRuns, RefuseToGoOnAsAnother) {
  options_.select = "SELECT n";
  ASSERT_THAT(run(), IsOk());
  script_.splits["c"] = count(1, 5);

  script_.identity = "another";
  const auto is_another = [](const std::string& what, const std::string& before,
                             const std::string& now) {
    return IsError(
        ErrorKind::kInvalidArgument,
        AllOf(HasSubstr("pipeline orders: " + what + " has changed"),
              HasSubstr("before: " + before + "\n"), HasSubstr("now:    " + now + "\n"),
              HasSubstr("CREATE OR REPLACE goes on")));
  };
  EXPECT_THAT(run(), is_another("its source", "script", "another"));
  script_.identity = "script";
  options_.select = "SELECT m";
  EXPECT_THAT(run(), is_another("its SELECT", "SELECT n", "SELECT m"));
  options_.select = "SELECT n";
  script_.schema = arrow::schema({arrow::field("m", arrow::int64())});
  EXPECT_THAT(run(), is_another("the schema of its rows", "n: int64", "m: int64"));
  EXPECT_EQ(memory_.rows(), count(5));
  EXPECT_EQ(log_.count("recover"), 1) << "one that is refused ends nobody";
}

TEST_F(PipelineRuns, LeaveOneThatRunsToItselfWhereANewOneIsRefused) {
  commit_often();
  script_.splits = {{"a", count(100)}};
  bool is_refused = false;
  options_.on_progress = [&](const Progress& progress) {
    if (progress.num_commits == 0 || is_refused) return;
    is_refused = true;
    Script other = script_;
    other.has_splits = false;
    RunOptions options;
    options.select = "SELECT m";
    ScriptedSource source(other, log_);
    MemorySink sink(memory_);
    EXPECT_THAT(velo::run(source, sink, {.id = "orders"}, options, {}),
                IsError(ErrorKind::kInvalidArgument, HasSubstr("give it another name")));
    options.replace = true;
    EXPECT_THAT(velo::run(source, sink, {.id = "orders"}, options, {}),
                IsError(ErrorKind::kInvalidArgument, HasSubstr("give it another name")));
  };
  ASSERT_THAT(run(), IsOk());
  EXPECT_TRUE(is_refused);
  EXPECT_EQ(log_.count("recover"), 1);
  EXPECT_EQ(memory_.rows(), count(100));
}

TEST_F(PipelineRuns, StopWhileTheSinkDoesNotAnswer) {
  for (const char* call : {"look", "recover"}) {
    SCOPED_TRACE(call);
    EXPECT_THAT(run_until(call), IsError(ErrorKind::kCancelled, HasSubstr("stopped")));
    restart();
  }
  EXPECT_EQ(log_.count("assign"), 0);
}

// Between the look and the fence another may have committed.
TEST_F(PipelineRuns, RefuseWhatHasChangedSinceTheLook) {
  options_.select = "SELECT n";
  memory_.on_call = [&](const std::string& call, const std::stop_token&) {
    if (call != "recover" || log_.count("recover") > 1) return Status::OK();
    RunOptions options;
    options.select = "SELECT m";
    ScriptedSource source(script_, log_);
    MemorySink sink(memory_);
    return velo::run(source, sink, {.id = "orders"}, options, {}).status();
  };
  EXPECT_THAT(run(),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("its SELECT has changed")));
  EXPECT_EQ(memory_.rows(), count(5));
}

TEST_F(PipelineRuns, GoOnAsAnotherWhereThatIsAsked) {
  ASSERT_THAT(run(), IsOk());
  options_.select = "SELECT m";
  options_.replace = true;
  ASSERT_THAT(run(), IsOk()) << "nothing is new but the SELECT";
  options_.replace = false;
  EXPECT_THAT(run(), IsOk()) << "it is accepted from here on";
  script_.splits["c"] = count(1, 5);
  EXPECT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows(), count(6));
}

TEST_F(PipelineRuns, LoadASourceWithoutSplitsAsOneEpoch) {
  script_.has_splits = false;
  options_.commit_bytes = 8;
  options_.commit_interval = 1ms;
  script_.at_end = make_error(ErrorKind::kTransient, {}, "the source went away");
  EXPECT_THAT(run(), IsError(ErrorKind::kTransient, HasSubstr("went away")));
  EXPECT_THAT(memory_.rows(), IsEmpty());

  script_.at_end = Status::OK();
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->num_commits, 1);
  EXPECT_EQ(memory_.rows(), count(5));

  const auto again = run();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->num_rows, 0);
  EXPECT_EQ(again->num_rows_before, 5);
  EXPECT_EQ(memory_.rows(), count(5));
}

// Of two transactions one would say that the load is done, and the other that it is not.
TEST_F(PipelineRuns, LoadASourceWithoutSplitsInOneTransaction) {
  memory_.kind = CommitKind::kSession;
  script_.has_splits = false;
  options_.num_lanes = 3;
  ASSERT_THAT(run(), IsOk());
  EXPECT_THAT(log_.calls(), Contains("commit 5 rows of 1 lanes, last"));
  EXPECT_EQ(memory_.rows(), count(5));
}

TEST_F(PipelineRuns, LoadAnEmptySourceWithoutSplitsOnce) {
  script_.has_splits = false;
  script_.splits = {{"a", {}}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(run(), IsOk());
    EXPECT_TRUE(record().finished);
  }
  EXPECT_EQ(log_.count("commit 0 rows"), 1);
}

TEST_F(PipelineRuns, ReadAllAgainIntoASinkThatIsReplaced) {
  memory_.commits_once = true;
  options_.commit_bytes = 8;
  for (int i = 1; i <= 2; ++i) {
    const auto progress = run();
    ASSERT_THAT(progress, IsOk());
    EXPECT_EQ(progress->num_rows, 5);
    EXPECT_EQ(progress->num_commits, 1);
  }
}

TEST_F(PipelineRuns, AreFencedByANewerOne) {
  commit_often();
  script_.splits = {{"a", count(100)}};
  memory_.on_call = [&](const std::string& made, const std::stop_token&) {
    if (made == "committed" && log_.count("recover") == 1) {
      EXPECT_THAT(memory_.recover("orders", {}), IsOk());
    }
    return Status::OK();
  };
  EXPECT_THAT(run(), IsError(ErrorKind::kFenced, "fenced"));
  EXPECT_EQ(log_.count("committed"), 1);
  EXPECT_EQ(record().num_rows, static_cast<int64_t>(memory_.rows().size()));
}

TEST_F(PipelineRuns, TakeBackWhatTheSourceKeepsWhereTheyWereOvertakenBeforeTheyBegan) {
  memory_.on_call = [&](const std::string& made, const std::stop_token&) {
    if (made.starts_with("prepare") && log_.count("recover") == 1) {
      EXPECT_THAT(memory_.recover("orders", {}), IsOk());
    }
    return Status::OK();
  };
  EXPECT_THAT(run(), IsError(ErrorKind::kFenced, "fenced"));
  EXPECT_EQ(log_.calls().back(),
            "source takes back what process 1 of its reader has made");

  memory_.on_call = [](const std::string&, const std::stop_token&) {
    return Status::OK();
  };
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(log_.count("source takes back"), 1);
}

TEST_F(PipelineRuns, AreFencedWhereASourceHasForgottenWhatANewerOneCommitted) {
  script_.splits = {{"a", count(3)}};
  script_.at_end = make_error(ErrorKind::kPositionLost, {}, "it is gone");
  EXPECT_THAT(run(), IsError(ErrorKind::kPositionLost, "it is gone"));
  // One look before the recovery, and one more now.
  memory_.on_call = [&, looks = 0](const std::string& made,
                                   const std::stop_token&) mutable {
    if (made != "look" || ++looks < 2) return Status::OK();
    auto newer = memory_.recover("orders", {}).ValueOrDie();
    newer.positions = {{"a", {position_of_row(3), /*ended=*/true}}};
    return memory_.commit(newer, {});
  };
  EXPECT_THAT(run(), IsError(ErrorKind::kFenced, HasSubstr("has taken over")));
}

}  // namespace
}  // namespace velo::engine
