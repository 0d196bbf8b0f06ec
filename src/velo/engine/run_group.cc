#include "velo/run_group.h"

#include <algorithm>
#include <set>
#include <utility>

#include "velo/base/clock.h"
#include "velo/engine/group_marks.h"
#include "velo/engine/removal.h"
#include "velo/engine/retries.h"

namespace velo {

RunGroup::RunGroup(std::vector<GroupedRun> runs)
    : runs_(std::move(runs)),
      marks_(std::make_unique<engine::GroupMarks>(runs_)),
      holders_(runs_.size()) {}

RunGroup::~RunGroup() = default;

Result<bool> RunGroup::has_finished(std::stop_token stop) {
  ARROW_RETURN_NOT_OK(marks_->look(stop));
  ARROW_RETURN_NOT_OK(find_holders(stop));
  return std::ranges::all_of(
      runs_, [this](const GroupedRun& run) { return marks_->name(run.pipeline); });
}

// While the marks are there nobody begins anew what they name: who holds that now is not
// somebody who comes after them.
Status RunGroup::find_holders(const std::stop_token& stop) {
  for (std::set<std::string> names; names != marks_->names();) {
    names = marks_->names();
    for (size_t i = 0; i < runs_.size(); ++i) {
      holders_[i] = {};
      if (!names.contains(runs_[i].pipeline.id) || !runs_[i].sink->transactions()) {
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(CommitRecord now, record_of(i, stop));
      holders_[i] = {std::move(now.incarnation), now.fence};
    }
    ARROW_RETURN_NOT_OK(marks_->look(stop));
  }
  return Status::OK();
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
// will fence it, and one that has is seen here. So is an older one that was about to end
// when this one has begun.
Status RunGroup::took_over(size_t index, const CommitRecord& record,
                           std::stop_token stop) {
  holders_[index] = {record.incarnation, record.fence};
  const bool is_first = !last_ended_.has_value();
  if (is_first || !marks_->looked_at(index).ok()) {
    ARROW_RETURN_NOT_OK(check_is_not_finished(index, stop));
  }
  return is_first ? Status::OK() : check_is_ours(*last_ended_, stop);
}

Status RunGroup::check_is_not_finished(size_t index, const std::stop_token& stop) const {
  engine::GroupMarks now(runs_);
  ARROW_RETURN_NOT_OK(now.look(stop));
  ARROW_RETURN_NOT_OK(now.looked_at(index));
  const PipelineIdentity& pipeline = runs_[index].pipeline;
  if (!now.name(pipeline)) return Status::OK();
  return make_error(ErrorKind::kFenced, {.resource = pipeline.id},
                    "another run of these streams was finishing when this one began; "
                    "this one has written nothing: run it again");
}

Result<CommitRecord> RunGroup::record_of(size_t index,
                                         const std::stop_token& stop) const {
  CommitObserver nobody;
  ARROW_ASSIGN_OR_RAISE(
      const auto committer,
      runs_[index].sink->transactions()->create_committer(identity(index), nobody));
  return committer->read_record(stop);
}

// OK for one that this process has not begun, or has removed.
Status RunGroup::check_is_ours(size_t index, const std::stop_token& stop) const {
  if (holders_[index].fence == 0 || !runs_[index].sink->transactions()) {
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const CommitRecord now, record_of(index, stop));
  return check_holds(index, now);
}

Status RunGroup::check_holds(size_t index, const CommitRecord& now) const {
  const Holder& holder = holders_[index];
  const bool is_removed = now.fence == 0 && holder.num_tries > 0;
  const bool is_ours = now.incarnation == holder.incarnation &&
                       now.fence >= holder.fence &&
                       now.fence <= holder.fence + holder.num_tries;
  if (is_removed || is_ours) return Status::OK();
  return make_error(ErrorKind::kFenced, {.resource = identity(index).id},
                    "a newer run of these streams has taken over; this one has stopped "
                    "and committed nothing more");
}

// Once the mark may be gone, a failure would have all rows written again.
Result<std::string> RunGroup::finish(std::stop_token stop) {
  const RunOptions& options = *runs_.front().options;
  engine::Retries retries(steady_clock(), options.retry_for, options.on_retry);
  ARROW_ASSIGN_OR_RAISE(std::string left,
                        retries.remove_record([this] { return remove_all(); }, stop));
  return left.empty() ? left_ : left;
}

// A newer process that is at work would be taken for finished by the mark. Who has
// removed something has done all that was asked: run again, it would write that anew.
Status RunGroup::remove_all() {
  const Status removed = remove_records();
  if (removed.ok()) return marks_->remove({});
  if (kind_of(removed) != ErrorKind::kFenced) return removed;
  ARROW_ASSIGN_OR_RAISE(const bool is_taken_back, marks_->take_back({}));
  if (!is_taken_back || num_removed_ == 0) return removed;
  left_ = removed.message();
  return Status::OK();
}

Status RunGroup::remove_records() {
  for (size_t i = 0; i < runs_.size(); ++i) ARROW_RETURN_NOT_OK(check_is_ours(i, {}));
  const bool are_any = std::ranges::any_of(
      holders_, [](const Holder& holder) { return holder.fence != 0; });
  // Else somebody may have begun anew.
  if (are_any) ARROW_RETURN_NOT_OK(marks_->commit({}));
  for (size_t i = 0; i < runs_.size(); ++i) ARROW_RETURN_NOT_OK(remove_record(i));
  return Status::OK();
}

Status RunGroup::remove_record(size_t index) {
  const GroupedRun& run = runs_[index];
  TransactionalSink* sink = run.sink->transactions();
  if (!sink || holders_[index].fence == 0) return Status::OK();
  const auto& dead = run.options->dead_letters;
  const engine::Removal removal{
      .pipeline = identity(index),
      .kept = {.source = run.source->splits(),
               .dead_letters = dead ? dead->transactions() : nullptr,
               .observer = run.options->observer},
      .may_go = [this, index](const CommitRecord& now) {
        ARROW_RETURN_NOT_OK(check_holds(index, now));
        ++holders_[index].num_tries;
        return Status::OK();
      }};
  ARROW_RETURN_NOT_OK(engine::remove_pipeline(*sink, removal, {}));
  holders_[index] = {};
  ++num_removed_;
  return Status::OK();
}

}  // namespace velo
