#include "velo/engine/removal.h"

#include <string>

#include "velo/engine/dead_letters.h"

namespace velo::engine {
namespace {

Status has_been_taken_over(const PipelineIdentity& pipeline) {
  return make_error(ErrorKind::kFenced, {.resource = pipeline.id},
                    "a newer run of this pipeline has taken over while its record was to "
                    "be removed, which stays");
}

}  // namespace

bool is_loss(const Status& status) {
  return !status.ok() && kind_of(status) == ErrorKind::kCommitLost;
}

Result<bool> remove_pipeline(TransactionalSink& sink, const Removal& removal,
                             const std::stop_token& stop) {
  const PipelineIdentity& pipeline = removal.pipeline;
  const KeptElsewhere& kept = removal.kept;
  CommitObserver nobody;
  CommitObserver& observer = kept.observer ? *kept.observer : nobody;
  ARROW_ASSIGN_OR_RAISE(const auto committer, sink.create_committer(pipeline, observer));
  ARROW_ASSIGN_OR_RAISE(const CommitRecord before, committer->read_record(stop));
  if (removal.may_go) ARROW_RETURN_NOT_OK(removal.may_go(before));
  if (before.fence == 0) return false;  // recover() would begin one
  const auto recovered = committer->recover(stop);
  if (!recovered.ok() && !is_loss(recovered.status())) return recovered.status();
  // The record last: by it alone the rest is known.
  const CommitRecord& known = recovered.ok() ? *recovered : before;
  const bool is_next =
      known.incarnation == before.incarnation && known.fence == before.fence + 1;
  if (removal.may_go && recovered.ok() && !is_next) return has_been_taken_over(pipeline);
  if (kept.source) {
    ARROW_RETURN_NOT_OK(kept.source->forget(reader_of(pipeline, known)));
    observer.reached(CommitStep::kBetweenCompletes);
  }
  if (kept.dead_letters) {
    const std::string life = life_of(known, committer->commits_once());
    DeadLetters dead(*kept.dead_letters, {pipeline, life, {}}, observer);
    ARROW_RETURN_NOT_OK(dead.forget(stop));
    observer.reached(CommitStep::kBetweenCompletes);
  }
  ARROW_RETURN_NOT_OK(committer->forget());
  if (recovered.ok()) return true;
  // What was lost may have been a part of the record, without which it is not ours.
  ARROW_ASSIGN_OR_RAISE(const CommitRecord after, committer->read_record(stop));
  return after.fence == 0 ? Result<bool>(true) : recovered.status();
}

}  // namespace velo::engine
