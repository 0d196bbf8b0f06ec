// What runs tell of themselves.

#include <gtest/gtest.h>

#include <atomic>

#include "velo/engine/pipeline_runs_for_test.h"
#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::IsOk;

TEST_F(PipelineRuns, TellTheirProgress) {
  std::vector<int64_t> rows;
  options_.on_progress = [&](const Progress& progress) {
    rows.push_back(progress.num_rows);
  };
  ASSERT_THAT(run(), IsOk());
  EXPECT_THAT(rows, ElementsAre(1, 2, 3, 4, 5, 5));
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
