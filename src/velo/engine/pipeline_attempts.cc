// What comes after a failure: another attempt, a stop, or the end.

#include <memory>

#include "velo/engine/pipeline_run.h"

namespace velo::engine {

bool PipelineRun::is_idle() const {
  return !one_epoch_ && progress_.num_rows == progress_.num_rows_committed;
}

// The committer stays where only it can remove what was made.
void PipelineRun::let_go() {
  feed_.reset();
  progress_.bytes_written = bytes_before_ + bytes_written();
  lanes_.clear();
  if (pipeline_.is_run && never_began() && !commit_is_open_) return;
  committer_.reset();
  dead_letters_.reset();
}

std::unique_ptr<PipelineRun> PipelineRun::next() const {
  auto next =
      std::make_unique<PipelineRun>(source_, sink_, pipeline_, options_, retries_);
  next->is_first_ = false;
  next->has_begun_ = has_begun_;
  next->begin_ = begin_;
  next->one_epoch_ = one_epoch_;
  next->record_ = record_;
  next->life_ = life_;
  next->fence_is_known_ = fence_is_known_;
  next->commit_is_open_ = commit_is_open_;
  next->progress_ = progress_;
  next->num_bad_committed_ = num_bad_committed_;
  next->num_cut_committed_ = num_cut_committed_;
  const bool meet_always = lanes_have_met_ && lanes_met_before_ && !has_committed();
  next->begins_in_one_lane_ = wants_one_lane_ || meet_always;
  next->lanes_met_before_ = lanes_have_met_;
  next->num_commits_before_ = progress_.num_commits;
  next->bytes_before_ = progress_.bytes_written;
  return next;
}

Result<Progress> PipelineRun::stop_in_pause() {
  let_go();
  if (commit_is_open_) {
    return make_error(ErrorKind::kCommitStateUnknown, {.resource = pipeline_.id},
                      "stopped before it was known whether the last commit has "
                      "succeeded; the next run finds out, and goes on from there");
  }
  const Status stopped =
      make_error(ErrorKind::kCancelled, {}, "stopped before the end was reached");
  forget_what_never_began(stopped);
  if (one_epoch_ || (!has_record() && !goes_on())) return stopped;
  progress_.num_rows = progress_.num_rows_committed;
  progress_.num_bad_records = num_bad_committed_;
  progress_.stopped = true;
  progress_.elapsed = Clock::now() - begin_;
  return progress_;
}

// A process that waits for a system to come back does not end a newer one. After a
// take-over that has failed, a newer fence may be its own.
Status PipelineRun::check_not_overtaken(const CommitRecord& now) const {
  const bool is_ours = now.incarnation == record_.incarnation &&
                       (!fence_is_known_ || now.fence <= record_.fence);
  return is_ours ? Status::OK() : overtaken();
}

Status PipelineRun::overtaken() const {
  return make_error(ErrorKind::kFenced, {.resource = pipeline_.id},
                    "a newer run of this pipeline has taken over; this one has stopped "
                    "and committed nothing more");
}

bool PipelineRun::never_began() const {
  return (has_recovered_ || !is_first_) && !has_record();
}

void PipelineRun::forget_what_never_began(const Status& failure) {
  if (!never_began()) return;
  if (kind_of(failure) == ErrorKind::kFenced) {
    // Of lanes that commit alone the first may have been committed before that.
    const bool may_be_in_parts = lanes_commit_alone_ && lanes_.size() > 1;
    if (commit_is_open_ && (may_be_in_parts || !has_recovered_)) return;
    feed_.reset();
    (void)splits_->withdraw(reader(), record_.fence);
    return;
  }
  if (!pipeline_.is_run || commit_is_open_) return;
  lanes_.clear();
  // Those that are there would be written again: the next run is to know of them.
  if (dead_letters_ && !dead_letters_->is_empty({}).ValueOr(false)) return;
  // What could not be removed is invisible, and the next run removes it.
  (void)forget();
}

// The source first: what it keeps without a record would be kept for ever.
Status PipelineRun::forget() {
  feed_.reset();
  const Status dead = dead_letters_ ? dead_letters_->forget({}) : Status::OK();
  ARROW_RETURN_NOT_OK(splits_->forget(reader()));
  ARROW_RETURN_NOT_OK(dead);  // which is found by our record alone
  return has_recovered_ ? committer_->forget() : Status::OK();
}

}  // namespace velo::engine
