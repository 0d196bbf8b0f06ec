#pragma once

/// One run of a pipeline that keeps a record in its sink.

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "velo/engine/feed.h"
#include "velo/engine/lane.h"
#include "velo/engine/whole_source.h"
#include "velo/pipeline.h"

namespace velo::engine {

/// Reads, writes and commits, epoch after epoch (docs/design/commit-protocol.md):
///
///     look → recover → (write … prepare → commit → acknowledge) …
///
/// Threads: thread-compatible; used once.
class PipelineRun {
 public:
  /// All references outlive the run.
  PipelineRun(DataSource& source, TransactionalSink& sink,
              const PipelineIdentity& pipeline, const RunOptions& options);

  /// See velo::run. `schema` is that of the rows.
  Result<Progress> run(std::shared_ptr<arrow::Schema> schema,
                       const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  // What a lane answers for in an epoch: all of it is the first lane's where the lanes
  // commit together.
  struct Share {
    Positions moved;
    int64_t num_rows = 0;
  };

  Status recover();
  Status explain(const Status& failure) const;
  Status move_all();
  void forget_what_never_began(const Status& failure);
  Status forget();
  Status forget_finished();
  std::string reader() const;
  Status check_fingerprint() const;
  bool goes_on() const;
  bool has_record() const;
  bool is_done() const;
  bool is_half_forgotten() const;
  Status open_lanes();
  Status move_rows();
  Status stop_here();
  Status take(Batch batch);
  Status take(const SplitEnded& ended);
  std::chrono::milliseconds time_to_commit() const;
  bool commit_is_due() const;
  Status commit(bool finished);
  Share whole_epoch() const;
  size_t next_lane();
  size_t lane_of(const SplitId& split);
  Result<std::vector<CommitToken>> prepare(const CommitRecord& record);
  Result<CommitToken> wait_for(std::future<Result<CommitToken>>& answer);
  Status failure_of_lane() const;
  int64_t bytes_written() const;
  void tell_progress();

  DataSource& source_;
  const std::unique_ptr<SplitSource> whole_source_;  // where the source has no splits
  SplitSource* const splits_;
  TransactionalSink& sink_;
  const PipelineIdentity pipeline_;
  const RunOptions& options_;
  mutable CommitObserver no_observer_;
  CommitObserver& observer_;
  const std::chrono::milliseconds commit_interval_;

  std::stop_token stop_;   // the user's
  std::stop_source halt_;  // that, or a lane has failed
  std::optional<Clock::time_point> stopped_at_;
  Clock::time_point begin_ = Clock::now();
  std::shared_ptr<arrow::Schema> schema_;
  Fingerprint fingerprint_;
  std::unique_ptr<Committer> committer_;
  bool has_tried_to_commit_ = false;
  bool one_epoch_ = false;  // only the end of the source ends the epoch
  CommitRecord record_;     // the last that was committed, by whomever
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Feed> feed_;

  // Of the epoch that is being written.
  std::vector<Share> shares_;  // by lane
  std::set<SplitId> inside_;   // splits that cannot be read again from where they are
  Clock::time_point epoch_begin_ = Clock::now();

  // Where each lane commits for itself, a split's rows and its position go to one lane.
  const bool lanes_commit_alone_;
  std::map<SplitId, size_t> lane_of_split_;
  size_t next_lane_ = 0;

  Progress progress_;
  int64_t bytes_committed_ = 0;  // of bytes_written()
  int64_t bytes_queued_ = 0;     // bytes of rows in the epoch
};

}  // namespace velo::engine
