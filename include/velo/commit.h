#pragma once

/// How rows and the position they came from become durable together
/// (docs/design/commit-protocol.md).

#include <arrow/type.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/error.h"
#include "velo/event.h"
#include "velo/position.h"

namespace velo {

/// Who writes. `id` is written into systems, whole, and compared whole.
struct PipelineIdentity {
  std::string id;  ///< `[a-z0-9_]{1,32}`
  /// Whether it has no name: it resumes only what it left unfinished, and leaves nothing
  /// but rows behind when it has finished.
  bool is_run = false;
};

/// The identity of a named pipeline: its name, or the beginning of it and a hash.
PipelineIdentity named_pipeline(std::string_view name);

/// The identity of a nameless one: a hash of where it reads, what it selects (may be
/// empty) and where it writes.
PipelineIdentity unnamed_run(std::string_view source, std::string_view select,
                             std::string_view sink);

/// The identity that was given this id, as a record has it.
PipelineIdentity pipeline_of_id(std::string id);

/// What a pipeline reads and yields. A pipeline that goes on under its name must have the
/// same.
struct Fingerprint {
  std::string source;  ///< SplitSource::identity
  std::string select;  ///< the text of the SELECT, empty for all of the source
  std::string schema;  ///< of the rows, as arrow::Schema::ToString shows it
  bool operator==(const Fingerprint&) const = default;
};

/// What a sink keeps of a pipeline. Persisted: each sink's README says how.
struct CommitRecord {
  std::string pipeline;  ///< PipelineIdentity::id
  /// Drawn at random when the pipeline first met the sink; part of the names of what it
  /// writes.
  std::string incarnation;
  uint64_t fence = 0;  ///< number of the process that may write, from 1
  uint64_t epoch = 0;  ///< number of the commit, from 1; recover() takes one too
  Fingerprint fingerprint;
  /// In a commit: the splits that it moves. Out of recover(): all of them.
  Positions positions;
  /// Where lanes that were given rows by their key did not all commit: how far the rows
  /// of some keys have got in these splits, beyond their positions. Out of look() and
  /// recover().
  Positions ahead;
  int64_t num_rows = 0;    ///< in a commit: of that epoch; out of recover(): of all
  bool finished = false;   ///< whether the source had ended, and this was the last
  std::string written_at;  ///< UTC, ISO 8601
  std::string velo_version;

  // In a commit into a sink that divides_by_key().
  /// Whether all lanes have rows of it, by their key; else the first lane has all, and
  /// commits alone.
  bool divided = false;
  /// Where those of its splits begin that have no position before it.
  Positions begins;
};

/// What rows are given to lanes by, Committer::find_lane_key.
struct LaneKey {
  /// Rows that are equal in these columns go to one lane. Empty: one lane takes all.
  std::vector<std::string> columns;
  std::string obstacle;  ///< why there is no more than one, and what to do
};

/// Who reads for a pipeline (ReadOptions::reader): two sinks may each know a pipeline by
/// one name, and what the source keeps is not shared.
std::string reader_of(const PipelineIdentity& pipeline, const CommitRecord& record);

/// What EpochWriter::prepare returns: enough to commit or to remove what was prepared, in
/// another process too where the sink is kDurable.
struct CommitToken {
  std::string bytes;
};

/// How a sink commits.
enum class CommitKind : int8_t {
  /// prepare() makes rows durable and invisible; one compare-and-set decides on all of
  /// them and the record, then they are completed.
  kDurable,
  /// Each writer holds a transaction of the system's own, and its record is in it.
  kSession,
  /// Rows are tagged with the attempt and counted after any failure.
  kCounted,
};

/// The named places in a commit, in order. A crash test ends the process at one.
enum class CommitStep : int8_t {
  kInWrite,           ///< a batch of the epoch was written
  kAfterPrepareOne,   ///< the first of several writers has prepared
  kAfterPrepare,      ///< all have
  kAfterPublish,      ///< the record is decided, nothing is completed
  kBetweenCompletes,  ///< one of several files or lanes is completed
  kAfterCommit,       ///< before the source hears of it
  kInRecover,         ///< after the fence
};

/// The name of a step: "after_prepare_one".
std::string_view to_string(CommitStep step);

/// Hears of the steps of a commit. Threads: called from any thread of a pipeline.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  virtual void reached(CommitStep) {}
  /// A statement that changes what is in the sink, other than its rows, is about to run:
  /// "ALTER TABLE …".
  virtual void about_to_run(std::string_view) {}
};

/// Writes the rows of one lane, epoch after epoch.
/// Threads: thread-compatible. Destruction releases, and never commits.
class EpochWriter {
 public:
  virtual ~EpochWriter() = default;

  /// Write all rows of a batch, blocking while the sink is behind. Errors: any kind.
  /// After an error only destruction is useful: the epoch is written again from its
  /// beginning by a new writer.
  virtual Status write(const Batch& batch, std::stop_token stop) = 0;

  /// Take rows of other columns from now on: the schema in force (SchemaChange). May come
  /// in the middle of an epoch. What the sink needs for them is done with the first of
  /// them, in their commit where the system can. Only where
  /// DataSink::supports_schema_change. Errors: as write(); kSchemaMismatch for columns
  /// that cannot be written.
  virtual Status change_schema(const std::shared_ptr<arrow::Schema>& schema,
                               std::stop_token stop);

  /// End the epoch: everything written since the last one is durable (kDurable), or in
  /// the open transaction (kSession), or counted (kCounted), and not yet committed. The
  /// next epoch may be written before this one is committed. Errors: as write().
  virtual Result<CommitToken> prepare(const CommitRecord& record) = 0;

  /// Bytes handed to the system below so far, in all epochs.
  virtual int64_t bytes_written() const = 0;
};

/// A pipeline's hold on a sink.
/// Threads: thread-compatible; its writers live on threads of their own.
/// look(), recover() and create_writer() end soon after `stop` was requested, with
/// kCancelled, and leave what a kill there would; what becomes of a commit must be
/// learned.
class Committer {
 public:
  virtual ~Committer() = default;

  /// Read the record as it stands, without taking anything over, and without making or
  /// changing anything in the system: what cannot go on is refused before it ends who
  /// runs. Returns an empty record where there is none. What a process has begun and not
  /// decided is not in it; recover() tells for certain. Its incarnation and fence are
  /// those of who has taken the sink over last, and has made its lanes, also before a
  /// commit: by them a process knows that it was overtaken. To be called before
  /// recover(). Errors: kInvalidArgument where the record is of another target;
  /// kCommitLost where what was committed is gone; kTransient …
  virtual Result<CommitRecord> look(std::stop_token stop) = 0;

  /// The same for who only wants to know, or to remove it: whether what was committed is
  /// still there is not asked. Its fence is 0 where the pipeline is not known here.
  virtual Result<CommitRecord> read_record(std::stop_token stop) {
    return look(std::move(stop));
  }

  /// Take the sink over from every earlier process of this pipeline: 1 fence them, 2 read
  /// the record, 3 roll forward what was decided, 4 remove what was not. To be called
  /// before all that follows, and again after kCommitStateUnknown.
  /// Returns the record, with the fence and epoch that this call has won; its incarnation
  /// is set, and its positions are empty where the pipeline is new here. What a source
  /// keeps is named after the incarnation, so every call of one committer returns the
  /// same, which is the one that the sink keeps, even where the sink's table is made only
  /// after the first call.
  /// Errors: kCommitLost where something decided is gone, naming it; kTransient …
  virtual Result<CommitRecord> recover(std::stop_token stop) = 0;

  /// Whether an epoch may only end where the source ends.
  virtual bool commits_once() const = 0;

  /// Find out, after look() or recover(), what rows of this schema may be given to
  /// several lanes by, where TransactionalSink::divides_by_key(). Errors: those of
  /// reaching the sink.
  virtual Result<LaneKey> find_lane_key(const arrow::Schema&, std::stop_token) {
    return LaneKey();
  }

  /// Make the writer of a lane, from 0; all are made before the first is written to.
  /// Errors: those of opening the sink.
  virtual Result<std::unique_ptr<EpochWriter>> create_writer(
      int lane, const std::shared_ptr<arrow::Schema>& schema, std::stop_token stop) = 0;

  /// Called before EpochWriter::change_schema where there are several writers, between
  /// two epochs: what one of them would do for the new columns, and the others would wait
  /// for, is done here. Errors: as change_schema().
  virtual Status prepare_change(const std::shared_ptr<arrow::Schema>&, std::stop_token) {
    return Status::OK();
  }

  /// Commit what the tokens name together with the record, whose epoch is the next one;
  /// then complete it. There is one token of each lane, in the order of create_writer; in
  /// a sink that divides_by_key(), only the first lane's where the rows are not divided.
  /// There the first lane commits before all others, and says how far the epoch goes
  /// (CommitRecord::ahead); the last one after them, and moves the positions.
  /// Errors: kFenced where a newer process has taken over: nothing was committed;
  /// kCommitStateUnknown: recover() tells; kCommitLost; kSystem.
  virtual Status commit(const CommitRecord& record,
                        std::span<const CommitToken> tokens) = 0;

  /// Remove the record: of a finished run, or of a pipeline that is to begin anew.
  /// Idempotent, also after an error: it is called
  /// again after kTransient.
  virtual Status forget() = 0;
};

/// When a sink is to be committed to.
struct CommitPace {
  /// The age of an epoch where the user does not say.
  std::chrono::milliseconds interval{10'000};
  /// The most it may be, whatever the user says: older ones could be lost to the sink.
  std::chrono::milliseconds longest = std::chrono::hours(24);
};

/// What a sink can do that keeps records. Threads: thread-compatible.
class TransactionalSink {
 public:
  virtual ~TransactionalSink() = default;

  virtual CommitKind commit_kind() const = 0;

  virtual CommitPace commit_pace() const { return {}; }

  /// The most lanes that may write at once, whatever the user asks for: 1 where a row of
  /// one lane could wait for another lane's commit, which comes only after all have
  /// prepared.
  virtual int max_lanes() const { return std::numeric_limits<int>::max(); }

  /// Whether, where max_lanes() is 1 since rows of one key belong to one lane, there may
  /// be several that each have all rows of some keys (docs/adr/0018-lanes-by-key.md).
  /// Writing rows again, from where their split stood, leaves each key as the last of
  /// them says.
  virtual bool divides_by_key() const { return false; }

  /// Where rows are written, the same from wherever it is opened, without secrets.
  virtual std::string identity() const = 0;

  /// The ids that begin with `prefix` of the pipelines whose records are kept for what is
  /// written here, in their order. Changes nothing. Errors: those of reaching it.
  virtual Result<std::vector<std::string>> list_pipelines(const std::string& prefix,
                                                          std::stop_token stop) = 0;

  /// Both references outlive the committer and its writers. Waits for no server, where
  /// that can wait until look() or recover().
  virtual Result<std::unique_ptr<Committer>> create_committer(
      const PipelineIdentity& pipeline, CommitObserver& observer) = 0;
};

}  // namespace velo
