#include "velo/run_group.h"

#include <utility>

#include "velo/base/clock.h"
#include "velo/engine/retries.h"
#include "velo/state.h"

namespace velo {
namespace {

std::string ids_of(const std::vector<GroupedRun>& runs) {
  std::string ids;
  for (const GroupedRun& run : runs) ids += run.pipeline.id + "\n";
  return ids;
}

// Whether rows stay there that a second run would write again.
bool adds_rows(DataSink& sink) {
  TransactionalSink* transactions = sink.transactions();
  if (!transactions) return false;
  CommitObserver nobody;
  const auto committer =
      transactions->create_committer(named_pipeline("velo_group"), nobody);
  return committer.ok() && !(*committer)->commits_once();
}

}  // namespace

RunGroup::RunGroup(std::vector<GroupedRun> runs)
    : runs_(std::move(runs)), mark_(unnamed_run("group", ids_of(runs_), "")) {
  mark_.is_run = false;
}

// nullptr where no sink needs it.
const GroupedRun* RunGroup::marked() const {
  for (const GroupedRun& run : runs_) {
    if (adds_rows(*run.sink)) return &run;
  }
  return nullptr;
}

Result<bool> RunGroup::has_finished(std::stop_token stop) const {
  const GroupedRun* run = marked();
  if (!run) return false;
  ARROW_ASSIGN_OR_RAISE(const auto state, look_at_pipeline(*run->sink->transactions(),
                                                           mark_, std::move(stop)));
  return state && state->record.finished;
}

PipelineIdentity RunGroup::identity(size_t index) const {
  PipelineIdentity kept = runs_[index].pipeline;
  kept.is_run = false;
  return kept;
}

// Once the mark may be gone, a failure would have all rows written again.
Result<std::string> RunGroup::finish(std::stop_token stop) const {
  const RunOptions& options = *runs_.front().options;
  engine::Retries retries(steady_clock(), options.retry_for, options.on_retry);
  return retries.remove_record([&] { return remove_records(); }, stop);
}

Status RunGroup::remove_records() const {
  const GroupedRun* run = marked();
  if (run) {
    ARROW_RETURN_NOT_OK(
        mark_finished(*run->source, *run->sink, mark_, *run->options, {}));
  }
  for (size_t i = 0; i < runs_.size(); ++i) {
    TransactionalSink* sink = runs_[i].sink->transactions();
    if (!sink) continue;
    const auto& dead = runs_[i].options->dead_letters;
    const KeptElsewhere kept{.source = runs_[i].source->splits(),
                             .dead_letters = dead ? dead->transactions() : nullptr};
    ARROW_RETURN_NOT_OK(reset_pipeline(*sink, kept, identity(i), {}).status());
  }
  if (!run) return Status::OK();
  return reset_pipeline(*run->sink->transactions(), {}, mark_, {}).status();
}

}  // namespace velo
