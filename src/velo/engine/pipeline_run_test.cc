#include "velo/engine/pipeline_run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <numeric>
#include <thread>

#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::CallLog;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::Memory;
using testing::MemorySink;
using ::testing::Not;
using testing::position_of_row;
using testing::Script;
using testing::ScriptedSource;
using testing::wait_until_stopped;

std::vector<int64_t> count(int64_t num_rows, int64_t first = 0) {
  std::vector<int64_t> values(static_cast<size_t>(num_rows));
  std::iota(values.begin(), values.end(), first);
  return values;
}

class PipelineRuns : public ::testing::Test {
 protected:
  PipelineRuns() {
    script_.splits = {{"a", count(3)}, {"b", count(2, 3)}};
    options_.commit_interval = 1h;
    options_.retry_for = 0s;
  }

  // Run the pipeline; a run that hangs ends the program.
  Result<Progress> run(const PipelineIdentity& pipeline = {.id = "orders"}) {
    ScriptedSource source(script_, log_);
    MemorySink sink(memory_);
    auto done = std::async(std::launch::async, [&] {
      return velo::run(source, sink, pipeline, options_, stop_.get_token());
    });
    if (done.wait_for(60s) != std::future_status::ready) {
      std::fputs("the pipeline hangs\n", stderr);
      std::abort();
    }
    return done.get();
  }

  // Run it and stop it as soon as some call is made, which then blocks.
  Result<Progress> run_until(const std::string& call) {
    memory_.on_call = [this, call](const std::string& made, const std::stop_token& stop) {
      if (!made.starts_with(call)) return Status::OK();
      stop_.request_stop();
      wait_until_stopped(stop);
      return make_error(ErrorKind::kCancelled, {}, "the writer was stopped");
    };
    return run();
  }

  void fail(const std::string& call, ErrorKind kind = ErrorKind::kSystem) {
    memory_.on_call = [call, kind](const std::string& made, const std::stop_token&) {
      return made.starts_with(call) ? make_error(kind, {}, "failed: " + made)
                                    : Status::OK();
    };
  }

  void fail_nothing() {
    memory_.on_call = [](const std::string&, const std::stop_token&) {
      return Status::OK();
    };
  }

  // The reader is a few rows ahead of the writer, and each commit has a few rows.
  void commit_often() {
    options_.queue_bytes = 16;
    options_.commit_bytes = 8;
  }

  void restart() { stop_ = std::stop_source(); }

  CommitRecord record(const std::string& pipeline = "orders") const {
    return memory_.records().at(pipeline);
  }

  CallLog log_;
  Script script_;
  Memory memory_{log_};
  RunOptions options_;
  std::stop_source stop_;
};

TEST_F(PipelineRuns, PrepareThenCommitThenAcknowledge) {
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_THAT(log_.calls(),
              ElementsAre("look", "recover", "assign a@begin", "assign b@begin",
                          "write 0", "write 0", "write 0", "write 0", "write 0",
                          "prepare 0", "commit 5 rows of 1 lanes, last", "committed",
                          "acknowledge a=000003. b=000002."));
  EXPECT_EQ(memory_.rows(), count(5));
  EXPECT_EQ(progress->num_rows, 5);
  EXPECT_EQ(progress->num_rows_committed, 5);
  EXPECT_EQ(progress->num_commits, 1);
  EXPECT_EQ(progress->bytes_written, 40);
  EXPECT_FALSE(progress->stopped);
  EXPECT_TRUE(record().finished);
}

TEST_F(PipelineRuns, PrepareEveryLaneBeforeTheyCommit) {
  options_.num_lanes = 3;
  script_.splits = {{"a", count(100)}};
  ASSERT_THAT(run(), IsOk());
  const auto calls = log_.calls();
  const auto commit = std::ranges::find(calls, "commit 100 rows of 3 lanes, last");
  ASSERT_NE(commit, calls.end());
  for (const char* prepare : {"prepare 0", "prepare 1", "prepare 2"}) {
    EXPECT_NE(std::find(calls.begin(), commit, prepare), commit) << prepare;
  }
  EXPECT_EQ(memory_.rows(), count(100));
}

TEST_F(PipelineRuns, OpenNoMoreLanesThanTheSinkTakes) {
  memory_.max_lanes = 1;
  options_.num_lanes = 3;
  script_.splits = {{"a", count(50)}, {"b", count(50)}};
  ASSERT_THAT(run(), IsOk());
  EXPECT_THAT(log_.calls(), Contains("commit 100 rows of 1 lanes, last"));
}

TEST_F(PipelineRuns, ReadSplitsBesideEachOther) {
  options_.num_lanes = 3;
  script_.splits = {
      {"a", count(2)}, {"b", count(2, 2)}, {"c", count(2, 4)}, {"d", count(2, 6)}};
  script_.readers_that_meet = 3;
  ASSERT_THAT(run(), IsOk());
  std::vector<int64_t> rows = memory_.rows();
  std::ranges::sort(rows);
  EXPECT_EQ(rows, count(8));
  const auto calls = log_.calls();
  // Each split's reader hears of it, and of no other's.
  EXPECT_THAT(calls, Contains("acknowledge a=000002. d=000002."));
  EXPECT_THAT(calls, Contains("acknowledge b=000002."));
  EXPECT_THAT(calls, Contains("acknowledge c=000002."));
}

TEST_F(PipelineRuns, StopReadingWhereOneOfTheReadersFails) {
  options_.num_lanes = 2;
  script_.readers_that_meet = 2;
  script_.at_end = make_error(ErrorKind::kCorruptData, {}, "not a number");
  EXPECT_THAT(run(), IsError(ErrorKind::kCorruptData, "not a number"));
}

TEST_F(PipelineRuns, MoveTheFirstRowsAlone) {
  options_.limit = 4;
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(memory_.rows(), count(4));
  EXPECT_EQ(progress->num_rows_committed, 4);
  EXPECT_THAT(record().positions, IsEmpty());
}

TEST_F(PipelineRuns, EndAtTheLimitOfASourceThatGoesOn) {
  options_.limit = 2;
  script_.ends = false;
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows(), count(2));
}

TEST_F(PipelineRuns, MoveNothingWhereTheLimitIsNone) {
  options_.limit = 0;
  ASSERT_THAT(run(), IsOk());
  EXPECT_THAT(memory_.rows(), IsEmpty());
}

TEST_F(PipelineRuns, CommitOnlyTheSplitsThatHaveMoved) {
  constexpr int64_t kNumSplits = 10'000;
  script_.splits.clear();
  for (int64_t i = 0; i < kNumSplits; ++i) script_.splits[fmt::format("{:06}", i)] = {i};
  options_.commit_bytes = kNumSplits / 100 * testing::MemoryWriter::kBytesPerRow;
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_GE(progress->num_commits, 5);
  EXPECT_EQ(record().positions.size(), size_t{kNumSplits});
  int64_t num_committed = 0;
  for (const std::string& call : log_.calls()) {
    if (call.starts_with("acknowledge")) num_committed += std::ranges::count(call, '=');
  }
  // A split may end in the epoch after that of its row.
  EXPECT_LE(num_committed, kNumSplits + progress->num_commits);
}

TEST_F(PipelineRuns, CommitByBytes) {
  commit_often();
  script_.splits = {{"a", count(1000)}};
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_GT(progress->num_commits, 5);
  EXPECT_EQ(memory_.rows(), count(1000));
  EXPECT_EQ(record().num_rows, 1000);
  EXPECT_EQ(log_.count("acknowledge"), progress->num_commits);
  EXPECT_EQ(progress->bytes_written, 8000);
}

TEST_F(PipelineRuns, CommitAnUnboundedSourceByTime) {
  script_.ends = false;
  script_.pause = 2ms;
  script_.splits = {{"a", count(1000)}};
  options_.commit_interval = 20ms;
  options_.on_progress = [&](const Progress& progress) {
    if (progress.num_commits == 3) stop_.request_stop();
  };
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_TRUE(progress->stopped);
  EXPECT_GE(progress->num_commits, 3);
  EXPECT_EQ(progress->num_rows, progress->num_rows_committed);
  EXPECT_EQ(memory_.rows(), count(progress->num_rows));
  EXPECT_FALSE(record().finished);
}

TEST_F(PipelineRuns, CommitNothingWhileNothingComes) {
  script_.ends = false;
  options_.commit_interval = 10ms;
  options_.on_progress = [&](const Progress& progress) {
    if (progress.num_rows_committed == 5) stop_.request_stop();
  };
  ASSERT_THAT(run(), IsOk());
  restart();
  options_.on_progress = nullptr;
  std::jthread stopping([this](const std::stop_token& never) {
    wait_until_stopped(never, 300ms);
    stop_.request_stop();
  });
  const auto idle = run();
  ASSERT_THAT(idle, IsOk());
  EXPECT_TRUE(idle->stopped);
  EXPECT_EQ(idle->num_commits, 0);
  EXPECT_EQ(memory_.rows(), count(5));
}

TEST_F(PipelineRuns, CommitOnlyWhereTheSourceCanGoOnFrom) {
  commit_often();
  script_.splits = {{"a", count(1003)}};
  script_.rows_to_position = 10;
  script_.ends = false;
  options_.on_progress = [&](const Progress& progress) {
    EXPECT_TRUE(progress.num_rows_committed % 10 == 0 ||
                progress.num_rows_committed == 1003);
    if (progress.num_rows == 555) stop_.request_stop();
  };
  const auto stopped = run();
  ASSERT_THAT(stopped, IsOk());
  EXPECT_TRUE(stopped->stopped);
  EXPECT_GT(stopped->num_commits, 3);
  EXPECT_EQ(memory_.rows(), count(stopped->num_rows_committed));
  EXPECT_EQ(stopped->num_rows_committed % 10, 0);

  restart();
  script_.ends = true;
  options_.on_progress = nullptr;
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows(), count(1003));
}

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

TEST_F(PipelineRuns, TakeTheLongestInterval) {
  options_.commit_interval = std::chrono::milliseconds::max();
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(log_.count("commit "), 1);
}

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

TEST_F(PipelineRuns, FailWithTheSourcesErrorAfterWhatItHadCommitted) {
  commit_often();
  script_.splits = {{"a", count(50)}};
  script_.at_end = make_error(ErrorKind::kCorruptData, {}, "row 51 is bad");
  EXPECT_THAT(run(), IsError(ErrorKind::kCorruptData, "row 51 is bad"));
  EXPECT_EQ(memory_.rows(), count(record().num_rows));
}

TEST_F(PipelineRuns, FailWhereACallOfTheSinkFails) {
  for (const char* call :
       {"look", "recover", "write 0", "prepare 0", "commit ", "committed"}) {
    SCOPED_TRACE(call);
    fail(call);
    EXPECT_THAT(run({.id = std::string(call).substr(0, 4)}),
                IsError(ErrorKind::kSystem, HasSubstr(call)));
    EXPECT_EQ(log_.count("acknowledge"), 0);
  }
  EXPECT_EQ(log_.count("forget"), 0) << "a named one keeps its record";
}

TEST_F(PipelineRuns, FailWhereASinkThrows) {
  for (const char* call : {"write 0", "prepare 0"}) {
    memory_.on_call = [call](const std::string& made, const std::stop_token&) {
      if (made == call) throw std::runtime_error("thrown: " + made);
      return Status::OK();
    };
    EXPECT_THAT(run({.id = std::string(call).substr(0, 4)}),
                IsError(ErrorKind::kInternal, HasSubstr("thrown: " + std::string(call))));
  }
}

// One lane blocks, the other fails: nobody waits for the first.
TEST_F(PipelineRuns, FailWithTheFirstLaneThatDoes) {
  options_.num_lanes = 2;
  script_.splits = {{"a", count(1000)}};
  for (const bool is_committing : {false, true}) {
    SCOPED_TRACE(is_committing);
    options_.queue_bytes = is_committing ? 1 << 20 : 100;
    memory_.on_call = [](const std::string& made, const std::stop_token& stop) {
      if (made == "write 1") return make_error(ErrorKind::kSystem, {}, "disk full");
      if (made == "write 0") wait_until_stopped(stop);
      return Status::OK();
    };
    EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "disk full"));
    EXPECT_THAT(memory_.rows(), IsEmpty());
  }
}

// A source that has nothing to say does not hide that a writer has failed.
TEST_F(PipelineRuns, FailWhileTheSourceIsIdle) {
  script_.ends = false;
  fail("write 0");
  EXPECT_THAT(run(), IsError(ErrorKind::kSystem, HasSubstr("write 0")));
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

TEST_F(PipelineRuns, RefuseAPartOfWhatHasNoPlaces) {
  options_.range.until = "5";
  EXPECT_THAT(run(), IsError(ErrorKind::kInvalidArgument,
                             HasSubstr("until = 5: this source has no places")));
  EXPECT_THAT(log_.calls(), IsEmpty());
}

TEST_F(PipelineRuns, RefuseTooLittleMemory) {
  options_.memory_bytes = 1 << 20;
  EXPECT_THAT(run(), IsError(ErrorKind::kInvalidArgument, HasSubstr("32MiB at least")));
  EXPECT_THAT(log_.calls(), IsEmpty());
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

// While the sink is behind, the source is asked to keep its connection.
TEST_F(PipelineRuns, KeepTheSourceAliveWhileTheSinkIsSlow) {
  script_.splits = {{"a", count(100)}};
  options_.queue_bytes = 100;
  memory_.on_call = [this](const std::string& made, const std::stop_token& stop) {
    while (made == "write 0" && log_.count("poll 0") == 0 && !stop.stop_requested()) {
      wait_until_stopped(stop, 10ms);
    }
    return Status::OK();
  };
  ASSERT_THAT(run(), IsOk());
  EXPECT_GT(log_.count("poll 0"), 0);
  EXPECT_EQ(memory_.rows(), count(100));
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

TEST_F(PipelineRuns, TakeTheColumnsThatAreAskedFor) {
  script_.schema = arrow::schema(
      {arrow::field("m", arrow::utf8()), arrow::field("n", arrow::int64())});
  options_.read.columns = {{"n"}};
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(record().fingerprint.schema, "n: int64");
  options_.read.columns = {{"none"}};
  EXPECT_THAT(run(), IsError(ErrorKind::kInvalidArgument, HasSubstr("'none'")));
}

TEST_F(PipelineRuns, TellTheirProgress) {
  std::vector<int64_t> rows;
  options_.on_progress = [&](const Progress& progress) {
    rows.push_back(progress.num_rows);
  };
  ASSERT_THAT(run(), IsOk());
  EXPECT_THAT(rows, ElementsAre(1, 2, 3, 4, 5, 5));
}

TEST(PipelineSteps, AreObservedInOrder) {
  struct Observer : CommitObserver {
    void reached(CommitStep step) override { log.add(std::string(to_string(step))); }
    CallLog log;
  };
  Script script;
  script.splits = {{"a", count(2)}};
  CallLog log;
  Memory memory(log);
  ScriptedSource source(script, log);
  MemorySink sink(memory);
  Observer observer;
  RunOptions options;
  options.observer = &observer;
  options.num_lanes = 2;
  ASSERT_THAT(velo::run(source, sink, {.id = "orders"}, options, {}), IsOk());
  EXPECT_EQ(observer.log.count("in_write"), 2);
  auto steps = observer.log.calls();
  std::erase(steps, "in_write");  // a lane may write while the other has prepared
  EXPECT_THAT(steps, ElementsAre("after_prepare_one", "after_prepare", "after_commit"));
}

TEST_F(PipelineRuns, TellHowFarTheSourceIsAhead) {
  script_.ends = false;
  script_.pause = 20ms;
  options_.measure_lag = true;
  std::vector<Lag> lags;
  options_.on_progress = [&](const Progress& progress) {
    lags.push_back(progress.lag);
    if (progress.lag.num_rows == 0) stop_.request_stop();
  };
  ASSERT_THAT(run(), IsOk());
  ASSERT_FALSE(lags.empty());
  EXPECT_EQ(lags.front().num_rows, 4);  // measured after the first row
  EXPECT_EQ(lags.back().num_rows, 0);
}

TEST_F(PipelineRuns, DoNotMeasureLagWhereNobodyWantsIt) {
  bool has_lag = false;
  options_.on_progress = [&](const Progress& progress) {
    has_lag = has_lag || progress.lag.num_rows.has_value();
  };
  ASSERT_THAT(run(), IsOk());
  EXPECT_FALSE(has_lag);
}

TEST_F(PipelineRuns, TellOfThemselvesWhileNothingComes) {
  script_.ends = false;
  int num_idle = 0;
  options_.on_progress = [&](const Progress& progress) {
    if (progress.num_rows == 5 && ++num_idle == 3) stop_.request_stop();
  };
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows(), count(5));
}

TEST_F(PipelineRuns, TellOfThemselvesWhileTheSinkIsWaitedFor) {
  script_.splits = {{"a", count(100)}};
  options_.queue_bytes = 32;
  options_.measure_lag = true;
  std::atomic<int> num_told = 0;
  int64_t most_queued = 0;
  memory_.on_call = [&](const std::string& made, const std::stop_token&) {
    if (made.starts_with("write")) {
      while (num_told < 4) std::this_thread::sleep_for(10ms);
    }
    return Status::OK();
  };
  options_.on_progress = [&](const Progress& progress) {
    ++num_told;
    most_queued = std::max(most_queued, progress.queued_bytes);
  };
  ASSERT_THAT(run(), IsOk());
  EXPECT_GT(most_queued, 0);
  EXPECT_EQ(memory_.rows(), count(100));
}

TEST_F(PipelineRuns, TellWhenACommitWasAndHowLongItTook) {
  const auto begin = std::chrono::system_clock::now();
  memory_.on_call = [](const std::string& made, const std::stop_token&) {
    if (made.starts_with("prepare")) std::this_thread::sleep_for(20ms);
    return Status::OK();
  };
  std::optional<Progress> before;
  options_.on_progress = [&](const Progress& progress) {
    if (progress.num_commits == 0) before = progress;
  };
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  ASSERT_TRUE(before);
  EXPECT_FALSE(before->last_commit);
  ASSERT_TRUE(progress->last_commit);
  EXPECT_GE(*progress->last_commit, begin);
  EXPECT_GE(progress->last_commit_took, 20ms);
}

}  // namespace
}  // namespace velo::engine
