#include "pipeline_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prometheus_text.h"

namespace velo::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr PipelineMetrics::Time kBegin{};
const PipelineKey kOrders = {"orders", "null:"};

Progress committed(int64_t num_rows, int64_t num_commits) {
  Progress progress;
  progress.num_rows = progress.num_rows_committed = num_rows;
  progress.num_commits = num_commits;
  progress.last_commit_took = 20ms;
  return progress;
}

class Metrics : public ::testing::Test {
 protected:
  Metrics() { metrics_.start({kOrders, "file:in"}); }

  void fail(std::chrono::seconds at, std::chrono::milliseconds pause = 1s) {
    const Status failure = make_error(ErrorKind::kTransient, {}, "nobody is there");
    metrics_.retry(kOrders, {.failure = failure, .pause = pause}, kBegin + at);
  }

  PipelineMetrics metrics_;
};

TEST_F(Metrics, CountOnFromRunToRun) {
  metrics_.update(kOrders, committed(10, 1), kBegin);
  metrics_.end(kOrders);
  metrics_.start({kOrders, "file:in"});
  metrics_.update(kOrders, committed(5, 2), kBegin);
  const std::string labels = R"({pipeline="orders",source="file:in",sink="null:"} )";
  EXPECT_THAT(metrics_.text(), HasSubstr("velo_rows_committed_total" + labels + "15\n"));
  EXPECT_THAT(metrics_.text(), HasSubstr("velo_commits_total" + labels + "3\n"));
  EXPECT_THAT(metrics_.text(), HasSubstr("velo_pipeline_running" + labels + "1\n"));
}

TEST_F(Metrics, NeverCountBack) {
  metrics_.update(kOrders, committed(10, 1), kBegin);
  metrics_.update(kOrders, committed(4, 1), kBegin);
  metrics_.update(kOrders, committed(6, 1), kBegin);
  EXPECT_THAT(metrics_.text(), HasSubstr("} 12\n"));
}

TEST_F(Metrics, CountABadRecordOnceHoweverOftenItComes) {
  Progress progress;
  for (const int64_t bad : {3, 5, 2, 5, 6}) {  // 2: committed before a failure
    progress.num_bad_records = bad;
    metrics_.update(kOrders, progress, kBegin);
  }
  metrics_.end(kOrders);
  metrics_.start({kOrders, "file:in"});
  progress.num_bad_records = 1;
  metrics_.update(kOrders, progress, kBegin);
  const std::string labels = R"({pipeline="orders",source="file:in",sink="null:"} )";
  EXPECT_THAT(metrics_.text(), HasSubstr("velo_bad_records_total" + labels + "7\n"));
}

TEST_F(Metrics, LeaveOutWhatIsNotKnown) {
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("velo_lag_rows{")));
  Progress progress;
  progress.lag.num_rows = 7;
  metrics_.update(kOrders, progress, kBegin);
  EXPECT_THAT(metrics_.text(), HasSubstr("velo_lag_rows{"));
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("velo_lag_bytes{")));
}

TEST_F(Metrics, AreInTroubleAfterHalfAMinuteOfFailures) {
  fail(0s);
  EXPECT_EQ(metrics_.trouble(kBegin + 29s), "");
  fail(25s);
  EXPECT_EQ(metrics_.trouble(kBegin + 31s),
            "orders: failing for 31 s: nobody is there\n");
  EXPECT_THAT(metrics_.text(), HasSubstr("velo_retries_total"));
}

TEST_F(Metrics, AreWellAfterACommit) {
  fail(0s);
  metrics_.update(kOrders, committed(10, 1), kBegin + 2s);
  EXPECT_EQ(metrics_.trouble(kBegin + 60s), "");
}

TEST_F(Metrics, AreWellWhenAnAttemptLasts) {
  fail(0s, 5s);
  metrics_.update(kOrders, {}, kBegin + 6s);
  EXPECT_NE(metrics_.trouble(kBegin + 40s), "");
  metrics_.update(kOrders, {}, kBegin + 15s);
  EXPECT_EQ(metrics_.trouble(kBegin + 40s), "");
}

TEST_F(Metrics, AreWellWhenAllHasEnded) {
  fail(0s);
  metrics_.end(kOrders);
  EXPECT_EQ(metrics_.trouble(kBegin + 60s), "");
}

TEST(PrometheusText, EscapesLabels) {
  PrometheusText text;
  text.family("a", "gauge", "Some help.");
  text.sample("a", {{"path", "a\"b\\c\nd"}}, 0.5);
  EXPECT_EQ(text.text(),
            "# HELP a Some help.\n# TYPE a gauge\na{path=\"a\\\"b\\\\c\\nd\"} 0.5\n");
}

TEST(Histogram, CountsBoundsIn) {
  Histogram histogram;
  for (const double seconds : {0.001, 0.0011, 59.0, 60.0, 61.0}) {
    histogram.observe(seconds);
  }
  EXPECT_EQ(histogram.count_up_to(0), 1);
  EXPECT_EQ(histogram.count_up_to(1), 2);
  EXPECT_EQ(histogram.count_up_to(Histogram::kBounds.size() - 1), 4);
  EXPECT_EQ(histogram.count_up_to(Histogram::kBounds.size()), 5);
}

}  // namespace
}  // namespace velo::cli
