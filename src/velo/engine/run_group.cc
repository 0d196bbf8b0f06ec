#include "velo/run_group.h"

#include <algorithm>
#include <utility>

#include "velo/base/clock.h"
#include "velo/engine/group_marks.h"
#include "velo/engine/retries.h"
#include "velo/state.h"

namespace velo {

RunGroup::RunGroup(std::vector<GroupedRun> runs)
    : runs_(std::move(runs)),
      marks_(std::make_unique<engine::GroupMarks>(runs_)),
      holders_(runs_.size()) {}

RunGroup::~RunGroup() = default;

Result<bool> RunGroup::has_finished(std::stop_token stop) const {
  ARROW_RETURN_NOT_OK(marks_->look(stop));
  return std::ranges::all_of(
      runs_, [this](const GroupedRun& run) { return marks_->name(run.pipeline); });
}

bool RunGroup::has_finished_before(size_t index) const {
  return marks_->name(runs_[index].pipeline);
}

Result<RunGroup::Outcome> RunGroup::run_all(
    const std::function<Status(size_t, const PipelineIdentity&)>& run,
    std::stop_token stop) {
  ARROW_RETURN_NOT_OK(has_finished(stop));
  Outcome outcome;
  for (size_t i = 0; i < runs_.size(); ++i) {
    if (has_finished_before(i)) {
      ++outcome.num_done;
      continue;
    }
    if (stop.stop_requested()) break;
    const Status done = run(i, identity(i));
    // Who has overtaken it is at those that follow, or has done with them.
    if (kind_of(done) == ErrorKind::kFenced) break;
    if (!done.ok()) continue;
    ended(i);
    ++outcome.num_done;
  }
  if (outcome.num_done == runs_.size()) {
    ARROW_ASSIGN_OR_RAISE(outcome.record_left, finish(stop));
  }
  return outcome;
}

PipelineIdentity RunGroup::identity(size_t index) const {
  PipelineIdentity kept = runs_[index].pipeline;
  kept.is_run = false;
  return kept;
}

// The next run is this process's by now: a newer one that has not got to the last one yet
// will fence it, and one that has is seen here.
Status RunGroup::took_over(size_t index, const CommitRecord& record,
                           std::stop_token stop) {
  holders_[index] = {record.incarnation, record.fence};
  return last_ended_ ? check_is_ours(*last_ended_, stop) : Status::OK();
}

// OK for one that this process has not begun.
Status RunGroup::check_is_ours(size_t index, const std::stop_token& stop) const {
  TransactionalSink* const sink = runs_[index].sink->transactions();
  if (!sink || holders_[index].fence == 0) return Status::OK();
  CommitObserver nobody;
  ARROW_ASSIGN_OR_RAISE(const auto committer,
                        sink->create_committer(identity(index), nobody));
  ARROW_ASSIGN_OR_RAISE(const CommitRecord now, committer->read_record(stop));
  if (Holder{now.incarnation, now.fence} == holders_[index]) return Status::OK();
  return make_error(ErrorKind::kFenced, {.resource = identity(index).id},
                    "a newer run of these streams has taken over; this one has stopped "
                    "and committed nothing more");
}

// Once the mark may be gone, a failure would have all rows written again.
Result<std::string> RunGroup::finish(std::stop_token stop) {
  const RunOptions& options = *runs_.front().options;
  engine::Retries retries(steady_clock(), options.retry_for, options.on_retry);
  return retries.remove_record([&] { return remove_records(); }, stop);
}

Status RunGroup::remove_records() {
  if (last_ended_) ARROW_RETURN_NOT_OK(check_is_ours(*last_ended_, {}));
  ARROW_RETURN_NOT_OK(marks_->commit({}));
  Status removed;
  for (size_t i = 0; i < runs_.size() && removed.ok(); ++i) removed = remove_record(i);
  // A newer one that is at work would be taken for finished by it.
  const bool is_overtaken = kind_of(removed) == ErrorKind::kFenced;
  if (!removed.ok() && !is_overtaken) return removed;
  ARROW_RETURN_NOT_OK(marks_->remove({}));
  return removed;
}

Status RunGroup::remove_record(size_t index) {
  const GroupedRun& run = runs_[index];
  TransactionalSink* sink = run.sink->transactions();
  if (!sink) return Status::OK();
  ARROW_RETURN_NOT_OK(check_is_ours(index, {}));
  holders_[index] = {};
  const auto& dead = run.options->dead_letters;
  const KeptElsewhere kept{.source = run.source->splits(),
                           .dead_letters = dead ? dead->transactions() : nullptr};
  return reset_pipeline(*sink, kept, identity(index), {}).status();
}

}  // namespace velo
