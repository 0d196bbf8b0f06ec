#include "velo/engine/group_marks.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "velo/base/sha256.h"
#include "velo/state.h"

namespace velo::engine {
namespace {

constexpr char kPrefix[] = "velo_group_";

std::string ids_of(const std::vector<GroupedRun>& runs) {
  std::string ids;
  for (const GroupedRun& run : runs) ids += run.pipeline.id + "\n";
  return ids;
}

PipelineIdentity mark_of(const std::vector<GroupedRun>& runs) {
  constexpr size_t kDigits = 16;
  return {.id = kPrefix + sha256_hex(ids_of(runs)).substr(0, kDigits)};
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

GroupMarks::GroupMarks(const std::vector<GroupedRun>& runs)
    : runs_(runs), ours_(mark_of(runs)) {}

Status GroupMarks::look(const std::stop_token& stop) {
  found_.clear();
  names_.clear();
  const GroupedRun* const holds_ours = holder();
  for (const GroupedRun& run : runs_) {
    const Status looked = look(run, stop);
    if (looked.ok()) continue;
    if (stop.stop_requested()) return looked;
    // There may be one, and what it names would be written again.
    if (&run == holds_ours && is_retryable(looked)) {
      return annotate(looked, "whether an earlier run of these streams has finished");
    }
  }
  return Status::OK();
}

Status GroupMarks::look(const GroupedRun& run, const std::stop_token& stop) {
  if (!adds_rows(*run.sink)) return Status::OK();
  TransactionalSink* const transactions = run.sink->transactions();
  ARROW_ASSIGN_OR_RAISE(const auto ids, transactions->list_pipelines(stop));
  for (const std::string& id : ids) {
    if (!id.starts_with(kPrefix)) continue;
    Mark mark{.run = &run, .pipeline = {.id = id}, .others = {}};
    ARROW_ASSIGN_OR_RAISE(const auto state,
                          look_at_pipeline(*transactions, mark.pipeline, stop));
    if (!state) continue;
    bool is_of_these = !state->record.finished;  // cut short before it named any
    std::istringstream lines(state->record.fingerprint.select);
    for (std::string line; state->record.finished && std::getline(lines, line);) {
      const bool is_ours = std::ranges::any_of(
          runs_, [&](const GroupedRun& one) { return one.pipeline.id == line; });
      if (is_ours) names_.insert(line);
      if (!is_ours) mark.others += line + "\n";
      is_of_these = is_of_these || is_ours;
    }
    if (is_of_these) found_.push_back(std::move(mark));
  }
  return Status::OK();
}

// nullptr where no sink needs it.
const GroupedRun* GroupMarks::holder() const {
  const auto found = std::ranges::find_if(
      runs_, [](const GroupedRun& run) { return adds_rows(*run.sink); });
  return found == runs_.end() ? nullptr : &*found;
}

Status GroupMarks::commit(const std::stop_token& stop) const {
  const GroupedRun* const run = holder();
  return run ? commit(*run, ours_, ids_of(runs_), stop) : Status::OK();
}

Status GroupMarks::commit(const GroupedRun& run, const PipelineIdentity& mark,
                          std::string names, const std::stop_token& stop) const {
  RunOptions options = *run.options;
  options.select = std::move(names);
  options.replace = true;
  options.on_taken_over = nullptr;
  return mark_finished(*run.source, *run.sink, mark, options, stop);
}

Status GroupMarks::remove(const std::stop_token& stop) const {
  for (const Mark& mark : found_) {
    if (mark.pipeline.id == ours_.id) continue;
    if (!mark.others.empty()) {
      ARROW_RETURN_NOT_OK(commit(*mark.run, mark.pipeline, mark.others, stop));
      continue;
    }
    ARROW_RETURN_NOT_OK(
        reset_pipeline(*mark.run->sink->transactions(), {}, mark.pipeline, stop)
            .status());
  }
  const GroupedRun* const run = holder();
  if (!run) return Status::OK();
  return reset_pipeline(*run->sink->transactions(), {}, ours_, stop).status();
}

}  // namespace velo::engine
