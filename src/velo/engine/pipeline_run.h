#pragma once

/// One run of a pipeline that keeps a record in its sink.

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "velo/engine/feed.h"
#include "velo/engine/lane.h"
#include "velo/engine/whole_source.h"
#include "velo/pipeline.h"

namespace velo::engine {

/// Reads, writes and commits, epoch after epoch (docs/design/commit-protocol.md):
///
///     recover → (write … prepare → commit → acknowledge) …
///
/// Threads: thread-compatible; used once.
class PipelineRun {
 public:
  /// All references outlive the run.
  PipelineRun(DataSource& source, TransactionalSink& sink,
              const PipelineIdentity& pipeline, const RunOptions& options);

  /// See velo::run.
  Result<Progress> run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  Status recover();
  Status move_all(const std::stop_token& stop);
  void forget_what_never_began(ErrorKind failure);
  Status check_fingerprint();
  bool has_record() const;
  bool is_done() const;
  Status open_lanes();
  Status move_rows(const std::stop_token& stop);
  Status stop_here();
  Status take(Batch batch, const std::stop_token& stop);
  Status take(const SplitEnded& ended);
  std::chrono::nanoseconds time_to_commit() const;
  bool commit_is_due() const;
  Status commit(bool finished);
  Result<std::vector<CommitToken>> prepare(const CommitRecord& record);
  int64_t bytes_in_epoch() const;
  void tell_progress();

  DataSource& source_;
  const std::unique_ptr<SplitSource> whole_source_;  // where the source has no splits
  SplitSource* const splits_;
  TransactionalSink& sink_;
  const PipelineIdentity pipeline_;
  const RunOptions& options_;
  CommitObserver no_observer_;
  CommitObserver& observer_;

  Clock::time_point begin_ = Clock::now();
  std::shared_ptr<arrow::Schema> schema_;
  Fingerprint fingerprint_;
  std::unique_ptr<Committer> committer_;
  bool one_epoch_ = false;  // only the end of the source ends the epoch
  CommitRecord record_;  // the last that was committed, by whomever
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Feed> feed_;

  // Of the epoch that is being written.
  Positions moved_;
  int64_t num_rows_ = 0;
  Clock::time_point epoch_begin_ = Clock::now();
  size_t next_lane_ = 0;

  Progress progress_;
  int64_t bytes_committed_ = 0;
};

}  // namespace velo::engine
