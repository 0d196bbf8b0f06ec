#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/error.h"
#include "velo/run_group.h"

namespace velo::engine {

/// The marks of groups whose runs have all finished, while their records are removed: a
/// finished pipeline `velo_group_…` without rows, in the sink of one of the runs, which
/// names all of them by their ids, a line each, as what it selects.
/// Threads: thread-compatible.
class GroupMarks {
 public:
  /// `runs` outlives it.
  explicit GroupMarks(const std::vector<GroupedRun>& runs);

  /// Look for marks of this group, or of one of other runs, in the sinks of all runs. A
  /// sink or a mark that cannot be looked at has none: its run will tell why. Errors:
  /// kCancelled; those that may pass, of the sink that would have the mark of this group.
  Status look(const std::stop_token& stop);

  /// Whether a mark that was found names this run: it has finished.
  bool name(const PipelineIdentity& run) const { return names_.contains(run.id); }
  /// The runs that are named.
  const std::set<std::string>& names() const { return names_; }

  /// Whether the sink of the run of this index could be looked at, or never will be. Else
  /// the errors of that, which may pass: there may be a mark.
  Status looked_at(size_t index) const;

  /// Commit the mark of this group, where a sink needs it. Errors: those of the sink.
  Status commit(const std::stop_token& stop) const;

  /// Remove the mark of this group again, which was committed since the last look.
  /// Answers whether it is gone: one that was found then stays. Errors: as remove().
  Result<bool> take_back(const std::stop_token& stop) const;

  /// Remove what was found of these runs, and the mark of this group last; a mark that
  /// names runs of other groups, too, goes on naming those. Errors: those of the sinks.
  Status remove(const std::stop_token& stop) const;

 private:
  struct Mark {
    const GroupedRun* run;  // in whose sink it is
    PipelineIdentity pipeline;
    std::vector<std::string> ours = {};  // the runs of this group that it names
    std::string others = {};             // the other ones, a line each
    bool is_whole = false;               // else it was cut short before it named any

    bool is_of_these() const { return !is_whole || !ours.empty(); }
  };

  Status look(const GroupedRun& run, const std::stop_token& stop);
  Result<std::optional<Mark>> read(const GroupedRun& run,
                                   const PipelineIdentity& pipeline,
                                   const std::stop_token& stop) const;
  Status remove_ours(const std::stop_token& stop) const;
  static Status remove(const GroupedRun& run, const PipelineIdentity& mark,
                       const std::stop_token& stop);
  Status commit(const GroupedRun& run, const PipelineIdentity& mark, std::string names,
                const std::stop_token& stop) const;
  const GroupedRun* holder() const;

  const std::vector<GroupedRun>& runs_;
  const PipelineIdentity ours_;
  std::vector<Mark> found_;
  std::set<std::string> names_;
  std::map<size_t, Status> not_looked_at_;  // by the run
};

}  // namespace velo::engine
