#pragma once

/// Tells of running pipelines: the person who waits, the log, and who asks for metrics.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "log.h"
#include "monitor_arguments.h"
#include "pipeline_metrics.h"
#include "progress.h"
#include "velo/pipeline.h"

namespace velo::cli {

/// Threads: safe.
class Monitor {
 public:
  /// Serve metrics where that is asked for. Errors: those of serve_http().
  static Result<std::unique_ptr<Monitor>> open(const MonitorArguments& arguments);

  /// Whether anybody sees Progress::lag.
  bool shows_lag() const;

  void start(const PipelineLabels& labels);
  void progress(const PipelineKey& pipeline, const Progress& progress);
  void retry(const PipelineKey& pipeline, const Retry& retry);
  void ddl(const PipelineKey& pipeline, std::string_view statement);

  /// It has done what it was to do. `what` comes before the summary, for people; `fields`
  /// say the same to machines.
  void end(const PipelineKey& pipeline, const Progress& progress, const std::string& what,
           std::vector<LogField> fields);

  /// Its record could not be removed at its end, or may not have been:
  /// Progress::record_left. Without an id: the records of all that have ended.
  void record_left(const std::string& pipeline, const std::string& why);

  /// A pipeline has failed, or was stopped; where none is named, all that have begun and
  /// not ended. Returns the exit code.
  int fail(const PipelineKey& pipeline, const Status& status);

 private:
  using Clock = std::chrono::steady_clock;

  struct Running {
    int64_t num_commits = 0;  // that were told of
    bool has_told_of_lane = false;
    Clock::time_point last_told = Clock::now();
    ProgressLine line;
  };

  Monitor() = default;

  std::shared_ptr<PipelineMetrics> metrics_;  // where they are served
  std::mutex mutex_;
  std::map<PipelineKey, Running> running_;  // guarded by mutex_
};

}  // namespace velo::cli
