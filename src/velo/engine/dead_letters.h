#pragma once

/// Where the bad records of a pipeline are kept: a second sink, committed before the
/// other, so that no epoch is there without its bad records.

#include <memory>
#include <stop_token>
#include <string>

#include "velo/commit.h"
#include "velo/event.h"
#include "velo/sink.h"

namespace velo::engine {

/// What bad records are written for.
struct DeadLetterPlace {
  PipelineIdentity pipeline;
  /// Which life of it, or which load where each replaces the last: one that begins anew
  /// writes all of them again.
  std::string life;
  std::string schema;  ///< of its rows, as `schema=` reads it
};

/// Of the place's pipeline and its life: the pipeline that the record of its bad records
/// is of.
PipelineIdentity identity_of(const DeadLetterPlace& place);

/// The life of a pipeline that has this record: where each load replaces the last, that
/// is of one load.
std::string life_of(const CommitRecord& record, bool commits_once);

/// Writes bad records, each once. Its record says how far they were written in each
/// split: what comes again up to there, after a crash before the pipeline's own commit,
/// is known, wherever the epochs end now. Nothing is made in the sink before the first of
/// them, and who has taken the pipeline over fences the older process here then, too.
/// Threads: thread-compatible.
class DeadLetters {
 public:
  /// Settle what the sink promises, and check that it can keep dead letters. To be called
  /// first. Errors: kInvalidArgument where it keeps no record, or can commit only once;
  /// those of reaching it.
  static Status check(DataSink& sink, CommitObserver& observer);

  /// `sink` and `observer` outlive it.
  DeadLetters(TransactionalSink& sink, DeadLetterPlace place, CommitObserver& observer)
      : sink_(sink), place_(std::move(place)), observer_(observer) {}

  /// Write those bad records of a batch that are not there yet.
  Status write(const Batch& batch, const std::stop_token& stop);

  /// Commit what was written since the last commit.
  Status commit();

  /// Whether none was ever committed.
  Result<bool> is_empty(const std::stop_token& stop) const;

  /// Remove the record of a finished run, if there is one. Idempotent.
  Status forget(const std::stop_token& stop);

 private:
  Status open(const std::stop_token& stop);
  bool is_known(const SplitId& split, const BadRecord& record) const;

  TransactionalSink& sink_;
  const DeadLetterPlace place_;
  CommitObserver& observer_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<EpochWriter> writer_;
  CommitRecord record_;  // the last that was committed, by whomever
  Positions moved_;      // since then
  int64_t num_rows_ = 0;
};

}  // namespace velo::engine
