#pragma once

/// A process of a pipeline as a sink sees it: one step at a time, as the engine takes
/// them, and killed where a test says.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/sink.h"
#include "velo/testing/conformance/sink_suite.h"

namespace velo::testing {

/// Batches of rows to be written, by the split that they are of.
using Splits = std::map<SplitId, std::vector<Rows>>;

/// Thrown where a process is killed: its committer and its writers are dropped there.
struct Killed {};

/// Where a process is to be killed: at a step, when it has committed so often.
struct KillAt {
  CommitStep step;
  int num_commits = 0;
};

/// The position behind a batch of a split.
Position position_after(size_t batch);

/// Threads: thread-compatible.
class SinkProcess {
 public:
  /// Start a process of the pipeline, and recover. Throws Killed.
  static Result<std::unique_ptr<SinkProcess>> start(
      const SinkTest& test, const PipelineIdentity& pipeline,
      const std::optional<KillAt>& kill_at = std::nullopt);
  ~SinkProcess();

  /// Recover once more; writers that were opened are gone.
  Status recover();

  Status open_lanes(int num_lanes, const std::shared_ptr<arrow::Schema>& schema);

  /// Write a batch of a split, after which it is at this position.
  Status write(const SplitId& split, const Rows& rows, const Position& position,
               const std::stop_token& stop = {});
  /// Note that a split has got to here, without rows.
  void move(const SplitId& split, const SplitProgress& progress);

  /// End the epoch; commit() is to follow.
  Status prepare(bool finished = false);
  Status commit();
  /// Commit the same again.
  Status commit_again();

  /// Move what the record does not have yet, in as many epochs as there are batches of a
  /// split; in one where the sink takes no more.
  Status move_all(const Splits& splits, int num_lanes);

  /// As recover() and the commits since have it.
  const CommitRecord& record() const { return record_; }
  Committer& committer() { return *committer_; }

 private:
  class KillingObserver;
  struct Share {
    Positions moved;
    int64_t num_rows = 0;
  };

  SinkProcess() = default;
  Result<CommitToken> prepare(size_t lane, CommitRecord record);
  size_t lane_of(const SplitId& split);
  Status move_epoch(const Splits& splits, size_t first, size_t last);

  const Place* place_ = nullptr;
  std::unique_ptr<DataSink> sink_;
  std::unique_ptr<KillingObserver> observer_;
  std::unique_ptr<Committer> committer_;
  std::vector<std::unique_ptr<EpochWriter>> lanes_;
  std::map<SplitId, size_t> lane_of_split_;
  std::vector<Share> shares_;  // by lane, of this epoch
  CommitRecord record_;
  CommitRecord next_;
  std::vector<CommitToken> tokens_;
  bool lanes_commit_alone_ = false;
};

}  // namespace velo::testing
