#pragma once

/// One run of a pipeline that keeps a record in its sink.

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "velo/engine/dead_letters.h"
#include "velo/engine/feed.h"
#include "velo/engine/followed_schema.h"
#include "velo/engine/key_lanes.h"
#include "velo/engine/lane.h"
#include "velo/engine/memory_shares.h"
#include "velo/engine/retries.h"
#include "velo/engine/whole_source.h"
#include "velo/pipeline.h"

namespace velo::engine {

/// Reads, writes and commits, epoch after epoch (docs/design/commit-protocol.md):
///
///     look → recover → (write … prepare → commit → acknowledge) …
///
/// One attempt of a call of velo::run: the first, or the next() of one that has failed.
/// Threads: thread-compatible; used once.
class PipelineRun {
 public:
  /// All references outlive the run and its next ones.
  PipelineRun(DataSource& source, TransactionalSink& sink,
              const PipelineIdentity& pipeline, const RunOptions& options,
              Retries& retries);

  /// See velo::run. `schema` is that of the rows. After a failure, what was made for a
  /// pipeline that has not begun is still there: another attempt can use it.
  Result<Progress> run(std::shared_ptr<arrow::Schema> schema,
                       const std::stop_token& stop);

  /// Read the record that it would go on from, and check that it could; nothing is taken
  /// over. Errors: those of run() up to there.
  Result<CommitRecord> look(std::shared_ptr<arrow::Schema> schema,
                            const std::stop_token& stop);

  /// Why there would be one writer where more were asked for, by the sink; after look().
  /// Empty where there is nothing to say.
  Result<std::string> why_one_lane();

  /// The columns that the sink is given; after look() those that it would be.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// Take the pipeline over and set the positions of some of its splits, which `check`
  /// has allowed by the record: an epoch without rows. Errors: those of run() up to its
  /// first commit; kInvalidArgument where it keeps no positions.
  Status place(std::shared_ptr<arrow::Schema> schema, const Positions& positions,
               const std::function<Status(const CommitRecord&)>& check,
               const std::stop_token& stop);

  /// Take the pipeline over and commit an epoch without rows as its last. Errors: as
  /// place().
  Status mark_finished(std::shared_ptr<arrow::Schema> schema,
                       const std::stop_token& stop);

  // What follows is of a run that has failed.

  /// Whether source and sink have been there, in this attempt or an earlier one, so that
  /// another may go on.
  bool can_go_on() const { return has_begun_; }

  /// Whether this attempt has committed something.
  bool has_committed() const { return progress_.num_commits > num_commits_before_; }

  /// Whether it has ended only because one lane has to write what comes next: the next
  /// attempt lets it.
  bool wants_one_lane() const { return wants_one_lane_; }

  /// Whether lanes were in each other's way, as where one waits for who waits for
  /// another: the next attempt finds out anew what lanes there may be, and where that has
  /// not helped, the one after it begins with one.
  bool lanes_have_met() const { return lanes_have_met_; }

  /// Whether it has only waited for rows.
  bool is_idle() const;

  /// Let go of the source and of the sink.
  void let_go();

  /// The next attempt, with what this one knows; to be called after let_go().
  std::unique_ptr<PipelineRun> next() const;

  /// End as a stop does, after let_go().
  Result<Progress> stop_in_pause();

  /// There is no next attempt, for this failure. A run that has failed before its first
  /// commit leaves nothing behind. One that has failed in it may have been committed: the
  /// next run finds out. What was overtaken was not, and nobody comes back for what it
  /// has made.
  void forget_what_never_began(const Status& failure);

 private:
  using Clock = std::chrono::steady_clock;

  // Tells those who have asked.
  class Observer : public CommitObserver {
   public:
    explicit Observer(const RunOptions& options) : options_(options) {}
    void reached(CommitStep step) override {
      if (options_.observer) options_.observer->reached(step);
    }
    void about_to_run(std::string_view statement) override {
      if (options_.on_ddl) options_.on_ddl(statement);
      if (options_.observer) options_.observer->about_to_run(statement);
    }

   private:
    const RunOptions& options_;
  };

  // What a lane answers for in an epoch: all of it is the first lane's where the lanes
  // commit together.
  struct Share {
    Positions moved;
    int64_t num_rows = 0;
  };

  Status attempt();
  Status look();
  Status recover();
  Status tell_of_take_over() const;
  Status check_not_overtaken(const CommitRecord& now) const;
  Status overtaken() const;
  void place_dead_letters();
  Status explain(const Status& failure) const;
  Status move_all();
  bool never_began() const;
  Status forget();
  std::string reader() const;
  Status check_fingerprint() const;
  Status meet_record();
  bool goes_on() const;
  bool has_record() const;
  bool is_done() const;
  bool is_half_forgotten() const;
  Status open_lanes();
  Result<std::optional<KeyLanes>> find_key_lanes(int num_lanes);
  Positions known_places() const;
  Status move_rows();
  Status stop_here();
  Status take(Batch batch);
  Status take_into_epoch(const Batch& batch);
  Status write(const Batch& batch);
  void note_position(const Batch& batch, Share& share);
  Share& share_of(const SplitId& split);
  Status check_all_is_reached() const;
  Status take_bad(const Batch& batch);
  Status take(const SplitEnded& ended);
  Status take(const SchemaChange& change);
  std::chrono::milliseconds time_to_commit() const;
  std::chrono::milliseconds longest_wait() const;
  bool commit_is_due() const;
  Status commit(bool finished);
  Share whole_epoch() const;
  size_t next_lane();
  size_t lane_of(const SplitId& split);
  Result<std::vector<CommitToken>> prepare(const CommitRecord& record);
  template <typename T>
  T wait_for(std::future<T>& answer);
  Status failure_of_lane() const;
  int64_t bytes_written() const;
  void tell_progress();

  DataSource& source_;
  const std::unique_ptr<SplitSource> whole_source_;  // where the source has no splits
  SplitSource* const splits_;
  TransactionalSink& sink_;
  const PipelineIdentity pipeline_;
  const RunOptions& options_;
  Retries& retries_;
  mutable CommitObserver no_observer_;
  Observer observer_;
  const std::chrono::milliseconds commit_interval_;

  std::stop_token stop_;   // the user's
  std::stop_source halt_;  // that, or a lane has failed
  std::optional<Clock::time_point> stopped_at_;
  Clock::time_point begin_ = Clock::now();
  std::shared_ptr<arrow::Schema> schema_;
  std::optional<FollowedSchema> followed_;  // where changes are
  Fingerprint fingerprint_;
  std::unique_ptr<Committer> committer_;
  bool source_has_failed_ = false;
  bool commit_is_open_ = false;  // what became of the last commit is not known
  bool one_epoch_ = false;       // only the end of the source ends the epoch
  CommitRecord record_;          // the last that was committed, by whomever
  std::optional<DeadLetters> dead_letters_;
  std::string life_;  // that of the dead letters, in all attempts
  MemoryShares shares_of_memory_;
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

  // Where lanes have rows by their key.
  std::optional<KeyLanes> key_lanes_;
  Positions to_reach_;  // before which no epoch ends, see CommitRecord::ahead
  bool wants_one_lane_ = false;
  bool begins_in_one_lane_ = false;  // the attempt
  bool lanes_have_met_ = false;      // in it
  bool lanes_met_before_ = false;    // in the one before it

  // Of this attempt among those of the call.
  bool is_first_ = true;
  bool has_recovered_ = false;
  bool fence_is_known_ = true;  // no take-over has failed since that of record_
  bool has_begun_ = false;
  int64_t num_commits_before_ = 0;
  int64_t bytes_before_ = 0;

  Progress progress_;
  Clock::time_point last_told_{};
  int64_t bytes_committed_ = 0;    // of bytes_written()
  int64_t num_bad_committed_ = 0;  // of progress_.num_bad_records
  int64_t num_cut_before_ = 0;     // progress_.num_rows_cut when this attempt began
  int64_t num_cut_committed_ = 0;  // of progress_.num_rows_cut
  int64_t bytes_queued_ = 0;       // bytes of rows in the epoch
};

}  // namespace velo::engine
