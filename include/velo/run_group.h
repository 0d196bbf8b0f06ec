#pragma once

/// Runs without a name that belong together: they are finished when all of them are.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/error.h"
#include "velo/pipeline.h"
#include "velo/sink.h"
#include "velo/source.h"

namespace velo {

namespace engine {
class GroupMarks;
}  // namespace engine

/// One of them. All that is pointed to outlives the group.
struct GroupedRun {
  DataSource* source = nullptr;
  DataSink* sink = nullptr;
  PipelineIdentity pipeline;
  const RunOptions* options = nullptr;
};

/// A run by itself removes its record when it has finished, and would begin anew if it
/// were run again. Of several of one command, those that have finished keep theirs until
/// the last one has: when the command is run again after a kill or a failure, they have
/// nothing to do, and no row is written twice.
///
/// The end has a mark of its own, which is kept in one of the sinks while the records are
/// removed, and names them: who is killed then finds it, and removes the rest. It may be
/// a group of other runs that finds it: those that the mark names are done there.
///
/// A newer process of the same group goes through all runs in their order. One that it
/// has overtaken between two of them would find no record of the second, and begin it
/// anew; so each looks whether the one before it is still its own, and before the first
/// whether the older process has come to its end meanwhile. No record is removed that
/// another has taken over, and none at all where that is seen before the first.
/// Threads: thread-compatible.
class RunGroup {
 public:
  explicit RunGroup(std::vector<GroupedRun> runs);
  ~RunGroup();

  /// Whether all of them have finished, and only the end was cut short: finish() then
  /// does the rest of it. To be called first. A sink that cannot be looked at has no
  /// mark: its run will tell why. Errors: kCancelled; those that may pass, of the sink
  /// that would have the mark: what it names is not to be begun anew; those of reading
  /// the records of what has finished.
  Result<bool> has_finished(std::stop_token stop = {});

  /// Whether that is so of the run of this index, which is not to be run then.
  bool has_finished_before(size_t index) const;

  /// What run_all() came to.
  struct Outcome {
    size_t num_done = 0;      ///< of those that have finished, now or before
    std::string record_left;  ///< as Progress::record_left; see finish()
  };

  /// Run them one after another by `run`, which answers OK where that of this index has
  /// come to its end, and for which RunOptions::on_taken_over has to call took_over();
  /// then finish(). One that has finished before is not run, and none after a stop, or
  /// where a newer process is at work. Errors: those of has_finished() and finish().
  Result<Outcome> run_all(
      const std::function<Status(size_t index, const PipelineIdentity& identity)>& run,
      std::stop_token stop = {});

  /// By whom the run of this index is to be run.
  PipelineIdentity identity(size_t index) const;

  /// Called where the sink of a run was taken over (RunOptions::on_taken_over). Errors:
  /// kFenced where a newer process has got to the run that has ended last here, or an
  /// older one has finished this one since has_finished(); those of reaching the sinks.
  Status took_over(size_t index, const CommitRecord& record, std::stop_token stop = {});

  /// A run has come to its end. One that was fenced has not: those that follow are not to
  /// be run here either.
  void ended(size_t index) { last_ended_ = index; }

  /// All of them have finished: remove their records, again and again while that fails
  /// and may pass (RunOptions::retry_for and on_retry of the first; a stop ends that).
  /// Answers as Progress::record_left, also where a newer process has taken over what is
  /// not removed yet. Errors: those of the sinks that do not pass; what
  /// is left is removed by the next call, or the next group of the same runs; kFenced
  /// where a newer process is at work, and nothing is removed.
  Result<std::string> finish(std::stop_token stop = {});

 private:
  // Who has taken the sink of a run over last, as far as is known here.
  struct Holder {
    std::string incarnation;
    uint64_t fence = 0;      // 0: there is no record to be removed
    uint64_t num_tries = 0;  // to remove it: each may have taken it over once more
  };

  Status find_holders(const std::stop_token& stop);
  Status check_is_not_finished(size_t index, const std::stop_token& stop) const;
  Status check_is_ours(size_t index, const std::stop_token& stop) const;
  Status check_holds(size_t index, const CommitRecord& now) const;
  Result<CommitRecord> record_of(size_t index, const std::stop_token& stop) const;
  Status remove_all();
  Status remove_records();
  Status remove_record(size_t index);

  const std::vector<GroupedRun> runs_;
  const std::unique_ptr<engine::GroupMarks> marks_;
  std::vector<Holder> holders_;  // by the run
  std::optional<size_t> last_ended_;
  size_t num_removed_ = 0;
  std::string left_;  // why some records were not removed
};

}  // namespace velo
