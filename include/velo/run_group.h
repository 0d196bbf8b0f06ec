#pragma once

/// Runs without a name that belong together: they are finished when all of them are.

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/error.h"
#include "velo/pipeline.h"
#include "velo/sink.h"
#include "velo/source.h"

namespace velo {

/// One of them. All that is pointed to outlives the group.
struct GroupedRun {
  DataSource* source = nullptr;
  DataSink* sink = nullptr;
  PipelineIdentity pipeline;
  const RunOptions* options = nullptr;
};

/// A run by itself removes its record when it has finished, and would begin anew if it
/// were run again. Of several of one command, those that have finished keep theirs until
/// the last one has: when the command is run again after a kill or a failure, they have
/// nothing to do, and no row is written twice.
///
/// The end has a mark of its own, which is kept in one of the sinks while the records are
/// removed: who is killed then finds it, and removes the rest.
/// Threads: thread-compatible.
class RunGroup {
 public:
  explicit RunGroup(std::vector<GroupedRun> runs);

  /// Whether all of them have finished, and only the end was cut short: finish() then
  /// does the rest of it. Errors: those of reaching the sink that has the mark.
  Result<bool> has_finished(std::stop_token stop = {}) const;

  /// By whom the run of this index is to be run.
  PipelineIdentity identity(size_t index) const;

  /// All of them have finished: remove their records, again and again while that fails
  /// and may pass (RunOptions::retry_for and on_retry of the first; a stop ends that).
  /// Answers as Progress::record_left. Errors: those of the sinks that do not pass; what is left is
  /// removed by the next call, or the next group of the same runs.
  Result<std::string> finish(std::stop_token stop = {}) const;

 private:
  Status remove_records() const;
  const GroupedRun* marked() const;

  const std::vector<GroupedRun> runs_;
  PipelineIdentity mark_;
};

}  // namespace velo
