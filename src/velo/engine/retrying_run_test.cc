#include "velo/engine/retrying_run.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <numeric>
#include <string>
#include <vector>

#include "velo/testing/manual_clock.h"
#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo::engine {
namespace {

using namespace std::chrono_literals;
using testing::CallLog;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::ManualClock;
using testing::Memory;
using testing::MemorySink;
using testing::Script;
using testing::ScriptedSource;

constexpr int64_t kNumRows = 50;

Status lost() { return make_error(ErrorKind::kTransient, {}, "the connection is lost"); }

std::vector<int64_t> count(int64_t num_rows) {
  std::vector<int64_t> values(static_cast<size_t>(num_rows));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

class RetryingRuns : public ::testing::Test {
 protected:
  RetryingRuns() {
    script_.splits = {{"a", count(kNumRows)}};
    options_.commit_interval = 1h;
    // The reader is a few rows ahead of the writer, and each commit has a few rows.
    options_.queue_bytes = 16;
    options_.commit_bytes = 8;
    options_.on_retry = [this](const Retry& retry) {
      told_.push_back(retry);
      if (on_retry_) on_retry_();
    };
  }

  Result<Progress> run(const PipelineIdentity& pipeline = {.id = "orders"}) {
    ScriptedSource source(script_, log_);
    MemorySink sink(memory_);
    auto done = std::async(std::launch::async, [&] {
      return run_with_retries(source, sink, pipeline, options_, script_.schema, clock_,
                              stop_.get_token());
    });
    if (done.wait_for(60s) != std::future_status::ready) {
      std::fputs("the pipeline hangs\n", stderr);
      std::abort();
    }
    return done.get();
  }

  // The source fails at its end, so many times.
  void fail_at_end(int times, const Status& failure = lost()) {
    script_.at_end = failure;
    on_retry_ = [this, times] {
      if (std::ssize(told_) == times) script_.at_end = Status::OK();
    };
  }

  // A call of the sink fails once, the N-th time.
  void fail_once(const std::string& call, const Status& failure, int number = 1) {
    memory_.on_call = [call, failure, number](const std::string& made,
                                              const std::stop_token&) mutable {
      return made.starts_with(call) && --number == 0 ? failure : Status::OK();
    };
  }

  void commit_at_the_end() {
    options_.queue_bytes = 1 << 20;
    options_.commit_bytes = 1 << 20;
  }

  void stop_in_the_pause() {
    clock_.on_wait = [this](std::chrono::milliseconds) { stop_.request_stop(); };
  }

  CallLog log_;
  Script script_;
  Memory memory_{log_};
  RunOptions options_;
  ManualClock clock_;
  std::stop_source stop_;
  std::vector<Retry> told_;
  std::function<void()> on_retry_;
};

TEST_F(RetryingRuns, GoOnFromTheRecordAfterWhatHasPassed) {
  for (const auto kind : {ErrorKind::kTransient, ErrorKind::kThrottled}) {
    const std::string name(to_string(kind));
    SCOPED_TRACE(name);
    told_.clear();
    const int64_t fences = log_.count("recover");
    const int64_t commits = log_.count("committed");
    const auto before = static_cast<int64_t>(memory_.rows().size());
    fail_at_end(3, make_error(kind, {}, "it is away"));
    const auto progress = run({.id = name});
    ASSERT_THAT(progress, IsOk());
    EXPECT_EQ(memory_.rows().size(), before + kNumRows);
    EXPECT_EQ(progress->num_rows, kNumRows);
    EXPECT_EQ(progress->num_rows_committed, kNumRows);
    EXPECT_EQ(progress->num_rows_before, 0);
    EXPECT_EQ(progress->num_commits, log_.count("committed") - commits);
    EXPECT_FALSE(progress->stopped);
    EXPECT_EQ(log_.count("recover") - fences, 4);
    EXPECT_EQ(memory_.records().at(name).fence, 4U);
    ASSERT_EQ(told_.size(), 3U);
    EXPECT_EQ(told_.front().failure.message(), "it is away");
  }
}

TEST_F(RetryingRuns, LiveThroughAFailureOfEachCallOfTheSink) {
  commit_at_the_end();
  for (const std::string call : {"write 0", "prepare 0", "commit ", "committed"}) {
    SCOPED_TRACE(call);
    fail_once(call, lost());
    const auto rows = static_cast<int64_t>(memory_.rows().size());
    const auto progress = run({.id = call});
    ASSERT_THAT(progress, IsOk());
    EXPECT_EQ(progress->num_rows, kNumRows);
    EXPECT_EQ(std::ssize(memory_.rows()), rows + kNumRows);
  }
  EXPECT_EQ(told_.size(), 4U);
}

TEST_F(RetryingRuns, TakeOverAgainUntilThatSucceeds) {
  for (const std::string call : {"look", "recover"}) {
    SCOPED_TRACE(call);
    told_.clear();
    fail_at_end(1);
    // A source that fails has the record looked at before anything is tried again.
    fail_once(call, lost(), /*number=*/call == "look" ? 3 : 2);
    ASSERT_THAT(run({.id = call}), IsOk());
    EXPECT_EQ(told_.size(), 2U);
  }
  EXPECT_EQ(memory_.rows().size(), 2 * kNumRows);
}

TEST_F(RetryingRuns, FailAtOnceWhereTheyHaveNotBegun) {
  for (const std::string call : {"look", "recover"}) {
    fail_once(call, lost());
    EXPECT_THAT(run(), IsError(ErrorKind::kTransient, "the connection is lost"));
  }
  memory_.on_call = [](const std::string&, const std::stop_token&) {
    return Status::OK();
  };
  script_.at_look = lost();
  EXPECT_THAT(run(), IsError(ErrorKind::kTransient, "the connection is lost"));
  EXPECT_TRUE(told_.empty());
  EXPECT_THAT(memory_.rows(), IsEmpty());
}

TEST_F(RetryingRuns, FailAtOnceForWhatDoesNotPass) {
  for (int8_t number = 0; number <= static_cast<int8_t>(ErrorKind::kSystem); ++number) {
    const auto kind = static_cast<ErrorKind>(number);
    if (kind == ErrorKind::kTransient || kind == ErrorKind::kThrottled ||
        kind == ErrorKind::kCommitStateUnknown) {
      continue;
    }
    SCOPED_TRACE(to_string(kind));
    script_.at_end = make_error(kind, {}, "it fails");
    EXPECT_THAT(run({.id = std::string(to_string(kind))}), IsError(kind, "it fails"));
  }
  EXPECT_TRUE(told_.empty());
}

// Where lanes are in each other's way for as long as there are several.
TEST_F(RetryingRuns, HaveOneLaneWhereSeveralMeetAgain) {
  const Status meet = make_error(ErrorKind::kConflict, {}, "lane 1 waits for lane 0");
  options_.num_lanes = 2;
  script_.splits = {{"a", count(kNumRows)}, {"b", count(kNumRows)}};
  commit_at_the_end();
  fail_once("prepare 1", meet);
  ASSERT_THAT(run({.id = "once"}), IsOk());
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_.front().failure.message(), meet.message());
  EXPECT_EQ(std::ssize(memory_.rows()), 2 * kNumRows);
  EXPECT_EQ(log_.count("prepare 1"), 2);

  told_.clear();
  memory_.on_call = [&](const std::string& made, const std::stop_token&) {
    return made == "prepare 1" ? meet : Status::OK();
  };
  const auto done = run({.id = "always"});
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->num_rows, 2 * kNumRows);
  EXPECT_EQ(told_.size(), 2U);
  EXPECT_EQ(std::ssize(memory_.rows()), 4 * kNumRows);

  options_.retry_for = 0s;
  EXPECT_THAT(run({.id = "never"}), IsError(ErrorKind::kConflict, HasSubstr("waits")));
}

TEST_F(RetryingRuns, FailAtOnceWhereThatIsAsked) {
  options_.retry_for = 0s;
  script_.at_end = lost();
  EXPECT_THAT(run(), IsError(ErrorKind::kTransient, "the connection is lost"));
  EXPECT_TRUE(told_.empty());
}

TEST_F(RetryingRuns, FailAtOnceWhereTheSourceIsGoneOnceItIsRead) {
  script_.has_splits = false;
  script_.can_reread = false;
  script_.at_end = lost();
  EXPECT_THAT(run(), IsError(ErrorKind::kTransient, "the connection is lost"));
  EXPECT_TRUE(told_.empty());
  EXPECT_THAT(memory_.rows(), IsEmpty());
}

TEST_F(RetryingRuns, StopWhenTheTimeIsOver) {
  commit_at_the_end();
  script_.at_end = lost();
  EXPECT_THAT(run(), IsError(ErrorKind::kTransient,
                             HasSubstr("is lost; it was tried again for 300 s, ")));
  EXPECT_EQ(clock_.elapsed(), 300s);
  EXPECT_THAT(memory_.rows(), IsEmpty());
  EXPECT_EQ(log_.count("forget"), 0) << "a named one keeps its record";
}

TEST_F(RetryingRuns, HaveAllOfTheTimeAfterACommit) {
  script_.splits = {{"a", count(1000)}};
  memory_.on_call = [num_commits = 0](const std::string& made,
                                      const std::stop_token&) mutable {
    if (!made.starts_with("commit ")) return Status::OK();
    return ++num_commits % 2 == 0 ? lost() : Status::OK();
  };
  clock_.on_wait = [this](std::chrono::milliseconds) { clock_.advance(4min); };
  ASSERT_THAT(run(), IsOk());
  EXPECT_GT(told_.size(), 5U);
  EXPECT_EQ(memory_.rows(), count(1000));
}

TEST_F(RetryingRuns, HaveAllOfTheTimeAfterALongWaitForRows) {
  script_.splits = {{"a", {}}};
  memory_.on_call = [this](const std::string& made, const std::stop_token&) {
    if (made == "recover") clock_.advance(10min);
    return Status::OK();
  };
  fail_at_end(10);
  EXPECT_THAT(run(), IsOk());
  EXPECT_EQ(told_.size(), 10U);
}

// It is not known what became of the commit: the record tells.
TEST_F(RetryingRuns, FindOutWhatBecameOfACommit) {
  commit_at_the_end();
  const Status unknown = make_error(ErrorKind::kCommitStateUnknown, {}, "no answer");
  for (const std::string call : {"commit ", "committed"}) {
    for (const bool has_splits : {true, false}) {
      SCOPED_TRACE(call + (has_splits ? "" : ", read whole"));
      script_.has_splits = has_splits;
      fail_once(call, unknown);
      const auto rows = static_cast<int64_t>(memory_.rows().size());
      const auto commits = log_.count("committed");
      const auto progress = run({.id = call.substr(0, 8) + (has_splits ? "s" : "w")});
      ASSERT_THAT(progress, IsOk());
      EXPECT_EQ(std::ssize(memory_.rows()), rows + kNumRows);
      EXPECT_EQ(log_.count("committed"), commits + 1);
      EXPECT_EQ(progress->num_rows, kNumRows);
      EXPECT_EQ(progress->num_rows_committed, kNumRows);
      EXPECT_EQ(progress->num_commits, 1);
      EXPECT_FALSE(progress->was_loaded_before);
    }
  }
  EXPECT_EQ(told_.size(), 4U);
}

TEST_F(RetryingRuns, ReadOneEpochAgain) {
  script_.has_splits = false;
  fail_at_end(2);
  const auto progress = run({.id = "run_1", .is_run = true});
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(memory_.rows(), count(kNumRows));
  EXPECT_EQ(progress->num_rows, kNumRows);
  EXPECT_EQ(progress->num_commits, 1);
  EXPECT_FALSE(progress->was_loaded_before);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

TEST_F(RetryingRuns, CountWhatEarlierCallsHaveCommitted) {
  ASSERT_THAT(run(), IsOk());
  script_.splits["b"] = {kNumRows, kNumRows + 1};
  fail_at_end(2);
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->num_rows_before, kNumRows);
  EXPECT_EQ(progress->num_rows, 2);
  EXPECT_EQ(memory_.rows(), count(kNumRows + 2));
}

TEST_F(RetryingRuns, StopInAPause) {
  script_.ends = false;
  memory_.on_call = [this](const std::string& made, const std::stop_token&) {
    return made == "prepare 0" && memory_.rows().size() > 20 ? lost() : Status::OK();
  };
  stop_in_the_pause();
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_TRUE(progress->stopped);
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_GT(progress->num_rows, 20);
  EXPECT_EQ(memory_.rows(), count(progress->num_rows));
  EXPECT_EQ(progress->num_rows, progress->num_rows_committed);
}

TEST_F(RetryingRuns, StopWhileTheSinkThatIsAwayIsTakenOver) {
  script_.ends = false;
  memory_.on_call = [this](const std::string& made, const std::stop_token& stop) {
    if (made == "prepare 0" && memory_.rows().size() > 20) return lost();
    if (made != "look" || log_.count("look") < 2) return Status::OK();
    stop_.request_stop();
    testing::wait_until_stopped(stop);
    return make_error(ErrorKind::kCancelled, {}, "stopped");
  };
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_TRUE(progress->stopped);
  EXPECT_EQ(memory_.rows(), count(progress->num_rows));
}

TEST_F(RetryingRuns, StopInAPauseOfWhatIsReadWhole) {
  script_.has_splits = false;
  script_.at_end = lost();
  stop_in_the_pause();
  EXPECT_THAT(run({.id = "run_1", .is_run = true}),
              IsError(ErrorKind::kCancelled, "stopped before the end was reached"));
  EXPECT_THAT(memory_.rows(), IsEmpty());
  EXPECT_THAT(memory_.records(), IsEmpty());
}

TEST_F(RetryingRuns, StopInAPauseAfterACommitThatMayHaveSucceeded) {
  fail_once("committed", make_error(ErrorKind::kCommitStateUnknown, {}, "no answer"));
  stop_in_the_pause();
  EXPECT_THAT(run(), IsError(ErrorKind::kCommitStateUnknown,
                             HasSubstr("before it was known whether the last commit")));
}

TEST_F(RetryingRuns, LeaveNothingOfARunThatNeverBegan) {
  commit_at_the_end();
  script_.at_end = lost();
  EXPECT_THAT(run({.id = "run_1", .is_run = true}),
              IsError(ErrorKind::kTransient, HasSubstr("tried again for 300 s")));
  EXPECT_THAT(memory_.records(), IsEmpty());
  EXPECT_EQ(log_.count("source forgets its reader"), 1) << "not before each attempt";
}

TEST_F(RetryingRuns, EndForANewerOneThatHasTakenOverMeanwhile) {
  script_.at_end = lost();
  on_retry_ = [this] { EXPECT_THAT(memory_.recover("orders", {}), IsOk()); };
  EXPECT_THAT(run(), IsError(ErrorKind::kFenced, HasSubstr("a newer run")));
  EXPECT_EQ(log_.count("recover"), 2) << "it does not end the newer one";
  EXPECT_EQ(memory_.records().at("orders").fence, 2U);
}

TEST_F(RetryingRuns, TakeBackWhatTheSourceKeepsWhereTheyWereOvertakenInAPause) {
  commit_at_the_end();
  script_.at_end = lost();
  on_retry_ = [this] { EXPECT_THAT(memory_.recover("orders", {}), IsOk()); };
  EXPECT_THAT(run(), IsError(ErrorKind::kFenced, HasSubstr("a newer run")));
  EXPECT_EQ(log_.calls().back(),
            "source takes back what process 1 of its reader has made");
}

// The record is gone with the newer one, which has moved all rows.
TEST_F(RetryingRuns, EndForANewerOneThatHasFinishedMeanwhile) {
  script_.at_end = lost();
  const PipelineIdentity nameless{.id = "run_1", .is_run = true};
  on_retry_ = [&] {
    script_.at_end = Status::OK();
    ScriptedSource source(script_, log_);
    MemorySink sink(memory_);
    EXPECT_THAT(velo::run(source, sink, nameless, {}, {}), IsOk());
  };
  EXPECT_THAT(run(nameless), IsError(ErrorKind::kFenced, HasSubstr("a newer run")));
  EXPECT_EQ(memory_.rows(), count(kNumRows));
  EXPECT_THAT(memory_.records(), IsEmpty());
}

// The answer to a take-over is lost: the newer fence is this process's own.
TEST_F(RetryingRuns, AreNotOvertakenByThemselves) {
  fail_at_end(1);
  memory_.on_call = [this, num_calls = 0](const std::string& made,
                                          const std::stop_token&) mutable {
    if (made != "recover" || ++num_calls != 2) return Status::OK();
    EXPECT_THAT(memory_.recover("orders", {}), IsOk());
    return lost();
  };
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows(), count(kNumRows));
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(RetryingRuns, TellTheirProgressOverAllAttempts) {
  std::vector<int64_t> committed;
  options_.on_progress = [&](const Progress& progress) {
    committed.push_back(progress.num_rows_committed);
    EXPECT_LE(progress.num_rows, kNumRows);
  };
  fail_at_end(2);
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_TRUE(std::ranges::is_sorted(committed));
  EXPECT_EQ(committed.back(), kNumRows);
  EXPECT_GE(progress->bytes_written, kNumRows * 8);
}

TEST_F(RetryingRuns, NumberTheirAttempts) {
  commit_at_the_end();
  fail_at_end(3);
  ASSERT_THAT(run(), IsOk());
  std::vector<int> attempts;
  for (const Retry& retry : told_) attempts.push_back(retry.attempt);
  EXPECT_THAT(attempts, ElementsAre(2, 3, 4));
}

}  // namespace
}  // namespace velo::engine
