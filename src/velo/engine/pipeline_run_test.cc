#include "velo/engine/pipeline_run.h"

#include <gtest/gtest.h>

#include <thread>

#include "velo/engine/pipeline_runs_for_test.h"
#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo::engine {
namespace {

using namespace std::chrono_literals;
using testing::CallLog;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::Memory;
using testing::MemorySink;
using testing::Script;
using testing::ScriptedSource;
using testing::wait_until_stopped;

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

TEST_F(PipelineRuns, TakeTheLongestInterval) {
  options_.commit_interval = std::chrono::milliseconds::max();
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(log_.count("commit "), 1);
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

TEST_F(PipelineRuns, TakeTheColumnsThatAreAskedFor) {
  script_.schema = arrow::schema(
      {arrow::field("m", arrow::utf8()), arrow::field("n", arrow::int64())});
  options_.read.columns = {{"n"}};
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(record().fingerprint.schema, "n: int64");
  options_.read.columns = {{"none"}};
  EXPECT_THAT(run(), IsError(ErrorKind::kInvalidArgument, HasSubstr("'none'")));
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

}  // namespace
}  // namespace velo::engine
