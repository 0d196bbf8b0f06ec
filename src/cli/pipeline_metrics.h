#pragma once

/// Numbers of running pipelines, as Prometheus wants them (docs/guide/observing.md).

#include <chrono>
#include <compare>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "histogram.h"
#include "velo/pipeline.h"

namespace velo::cli {

/// What tells one pipeline from another: two sinks may each know one by the same id.
struct PipelineKey {
  std::string pipeline;  ///< its id
  std::string sink;      ///< its address, without secrets

  auto operator<=>(const PipelineKey&) const = default;
};

/// What is told of one.
struct PipelineLabels {
  PipelineKey key;
  std::string source;  ///< addresses without secrets
};

/// Threads: safe.
class PipelineMetrics {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void start(const PipelineLabels& labels);
  /// What this run of the pipeline has done so far.
  void update(const PipelineKey& pipeline, const Progress& progress, Time now);
  /// Something has failed, and is tried again after the pause.
  void retry(const PipelineKey& pipeline, const Retry& retry, Time now);
  void end(const PipelineKey& pipeline);

  /// What has been failing for half a minute and more, for people; empty where all is
  /// well.
  std::string trouble(Time now) const;

  /// The text format of Prometheus, 0.0.4, those of the process among them.
  std::string text() const;

 private:
  struct Numbers {
    PipelineLabels labels;
    bool is_running = true;
    Progress last;  // of this run; the counters go on from run to run
    int64_t rows_read = 0;
    int64_t rows_committed = 0;
    int64_t bytes_written = 0;
    int64_t num_commits = 0;
    int64_t bad_records = 0;
    int64_t most_bad_records = 0;  // of this run: those before a failure come again
    int64_t num_retries = 0;
    std::string failure;  // the last
    Time next_attempt;    // after it
    std::optional<Time> failing_since;
    Histogram commit_seconds;
  };

  mutable std::mutex mutex_;
  std::map<PipelineKey, Numbers> pipelines_;  // guarded by mutex_
};

}  // namespace velo::cli
