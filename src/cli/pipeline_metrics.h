#pragma once

/// Numbers of running pipelines, as Prometheus wants them (docs/guide/observing.md).

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "histogram.h"
#include "velo/pipeline.h"

namespace velo::cli {

/// What tells one pipeline from another.
struct PipelineLabels {
  std::string pipeline;  ///< its id
  std::string source;    ///< addresses without secrets
  std::string sink;
};

/// Threads: safe.
class PipelineMetrics {
 public:
  void start(const PipelineLabels& labels);
  /// What this run of the pipeline has done so far.
  void update(const std::string& pipeline, const Progress& progress);
  void count_retry(const std::string& pipeline);
  void end(const std::string& pipeline);

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
    int64_t num_retries = 0;
    Histogram commit_seconds;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Numbers> pipelines_;  // guarded by mutex_; by id
};

}  // namespace velo::cli
