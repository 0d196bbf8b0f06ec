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
  not_looked_at_.clear();
  const GroupedRun* const holds_ours = holder();
  for (size_t i = 0; i < runs_.size(); ++i) {
    const Status looked = look(runs_[i], stop);
    if (looked.ok()) continue;
    if (stop.stop_requested()) return looked;
    if (!is_retryable(looked)) continue;
    // There may be one, and what it names would be written again.
    const Status explained =
        annotate(looked, "whether an earlier run of these streams has finished");
    if (&runs_[i] == holds_ours) return explained;
    not_looked_at_.emplace(i, explained);
  }
  return Status::OK();
}

Status GroupMarks::looked_at(size_t index) const {
  const auto failed = not_looked_at_.find(index);
  return failed == not_looked_at_.end() ? Status::OK() : failed->second;
}

Status GroupMarks::look(const GroupedRun& run, const std::stop_token& stop) {
  if (!adds_rows(*run.sink)) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto ids,
                        run.sink->transactions()->list_pipelines(kPrefix, stop));
  for (const std::string& id : ids) {
    auto mark = read(run, {.id = id}, stop);
    // One that is damaged does not hide those behind it.
    if (!mark.ok() && (is_retryable(mark.status()) || stop.stop_requested())) {
      return mark.status();
    }
    if (!mark.ok() || !*mark || !(*mark)->is_of_these()) continue;
    names_.insert((*mark)->ours.begin(), (*mark)->ours.end());
    found_.push_back(**std::move(mark));
  }
  return Status::OK();
}

Result<std::optional<GroupMarks::Mark>> GroupMarks::read(
    const GroupedRun& run, const PipelineIdentity& pipeline,
    const std::stop_token& stop) const {
  ARROW_ASSIGN_OR_RAISE(const auto state,
                        look_at_pipeline(*run.sink->transactions(), pipeline, stop));
  if (!state) return std::nullopt;
  Mark mark{.run = &run, .pipeline = pipeline};
  mark.is_whole = state->record.finished;
  std::istringstream lines(state->record.fingerprint.select);
  for (std::string line; mark.is_whole && std::getline(lines, line);) {
    const bool is_ours = std::ranges::any_of(
        runs_, [&](const GroupedRun& one) { return one.pipeline.id == line; });
    if (is_ours) mark.ours.push_back(line);
    if (!is_ours) mark.others += line + "\n";
  }
  return mark;
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
  for (const Mark& found : found_) {
    if (found.pipeline.id == ours_.id) continue;
    // Those that it names, too, may have been finished meanwhile, or begun anew.
    ARROW_ASSIGN_OR_RAISE(const auto mark, read(*found.run, found.pipeline, stop));
    if (!mark || !mark->is_of_these()) continue;
    if (mark->others.empty()) {
      ARROW_RETURN_NOT_OK(remove(*mark->run, mark->pipeline, stop));
    } else {
      ARROW_RETURN_NOT_OK(commit(*mark->run, mark->pipeline, mark->others, stop));
    }
  }
  return remove_ours(stop);
}

Result<bool> GroupMarks::take_back(const std::stop_token& stop) const {
  const bool was_found = std::ranges::any_of(found_, [&](const Mark& mark) {
    return mark.is_whole && mark.pipeline.id == ours_.id;
  });
  if (was_found) return false;
  ARROW_RETURN_NOT_OK(remove_ours(stop));
  return true;
}

Status GroupMarks::remove_ours(const std::stop_token& stop) const {
  const GroupedRun* const run = holder();
  return run ? remove(*run, ours_, stop) : Status::OK();
}

Status GroupMarks::remove(const GroupedRun& run, const PipelineIdentity& mark,
                          const std::stop_token& stop) {
  const KeptElsewhere nothing{.observer = run.options->observer};
  return reset_pipeline(*run.sink->transactions(), nothing, mark, stop).status();
}

}  // namespace velo::engine
