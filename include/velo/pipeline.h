#pragma once

/// Moving rows from a source to a sink.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/commit.h"
#include "velo/connector.h"
#include "velo/error.h"
#include "velo/plan.h"
#include "velo/sink.h"
#include "velo/source.h"

namespace velo {

/// How far a copy or a pipeline has come.
struct Progress {
  int64_t num_rows = 0;       ///< written to the sink, by this call
  int64_t bytes_written = 0;  ///< see DataWriter::bytes_written
  std::chrono::nanoseconds elapsed{0};
  /// Read by this call, and not among the rows: left out, or kept as dead letters.
  int64_t num_bad_records = 0;
  std::string first_bad_record;  ///< what was wrong with it, and where; empty for none
  std::string dead_letters;      ///< where they are kept, without secrets; empty: nowhere
  /// Rows with a value in a column that is left out, OnSchemaChange::kFreeze.
  int64_t num_rows_cut = 0;
  std::vector<std::string> columns_cut;  ///< the names of these columns

  // Of a pipeline that keeps a record.
  int64_t num_rows_before = 0;     ///< committed by earlier calls
  int64_t num_rows_committed = 0;  ///< of num_rows: those that no crash can take back
  int64_t num_commits = 0;
  /// When the last of these commits was done, and how long it took, from the end of its
  /// epoch on.
  std::optional<std::chrono::system_clock::time_point> last_commit;
  std::chrono::nanoseconds last_commit_took{0};
  int64_t queued_bytes = 0;  ///< of rows that were read and wait for the writers
  Lag lag;                   ///< a second old at most; see RunOptions::measure_lag
  /// Whether nothing was read, since the whole source was loaded by an earlier call, and
  /// cannot be read from where that has ended.
  bool was_loaded_before = false;
  /// Whether a stop ended it before the source did: everything read so far is committed,
  /// and the next call goes on from there.
  bool stopped = false;
  /// Why the sink promises no more than at least once, and what to do; empty where there
  /// is nothing to say, see Promise.
  std::string notice;
  /// Why one writer has written, where several were asked for; empty where there is
  /// nothing to say.
  std::string one_lane;
  /// Of a run that has ended, and has no name: why its record could not be removed, or
  /// may not have been. Every row is committed, which is why that is no failure. The next
  /// such run goes on from the record, and removes it, where it is still there, and
  /// begins anew where it is not. Empty where nothing is left.
  std::string record_left;
};

/// The most bytes that a pipeline of one reader and one writer holds, unless it is told.
inline constexpr int64_t kDefaultMemoryBytes = int64_t{256} << 20;
/// The least that each reader, with its writer, needs.
inline constexpr int64_t kLeastMemoryBytesPerLane = int64_t{16} << 20;

struct CopyOptions {
  ReadOptions read;
  /// Most bytes of rows that wait between the reader's thread and the writer.
  int64_t queue_bytes = int64_t{32} << 20;
  /// Called on the writing thread after each batch; must be quick.
  std::function<void(const Progress&)> on_progress;
};

/// Copy all rows of `source` into `sink`, reading on a thread of its own. On success
/// every row is visible in the sink; after an error, or when `stop` was requested,
/// nothing is. Keeps no record: run again, it starts anew. Errors: those
/// of the source and the sink, the first one; kCancelled.
Result<Progress> copy(DataSource& source, DataSink& sink, const CopyOptions& options,
                      std::stop_token stop);

/// Something has failed that may pass, and is about to be tried again.
struct Retry {
  Status failure;
  std::chrono::milliseconds pause{0};  ///< until then
  int attempt = 0;  ///< the number of the one to come, from 2; after a success anew
};

/// What becomes of a record that does not parse, or does not fit its columns.
enum class OnError : int8_t {
  kFail,  ///< it ends the run
  kSkip,  ///< it is left out, and counted
  kKeep,  ///< it is written to RunOptions::dead_letters, and counted
};

/// What becomes of a change of the columns: while rows are read, or since the last run.
enum class OnSchemaChange : int8_t {
  kFail,    ///< it ends the run, before the first row of the new columns
  kFreeze,  ///< the columns stay as they are; what others hold is left out, and counted
  kEvolve,  ///< the sink gets them: columns are added, and types widened
};

struct RunOptions {
  ReadOptions read;
  OnError on_error = OnError::kFail;
  OnSchemaChange on_schema_change = OnSchemaChange::kFail;
  /// Of kKeep: where bad records are written, see dead_letter_schema(). It is a second
  /// sink of the pipeline with a record of its own, committed before the other.
  std::shared_ptr<DataSink> dead_letters;
  std::string dead_letter_address;  ///< of it, as set() has read it; not opened by run()
  /// What the pipeline does, so that a change of it is seen; the source's identity and
  /// the schema are added.
  std::string select;
  /// An epoch is committed when it is so old, or when so many bytes were written to the
  /// sink in it, whichever comes first.
  /// Without an interval it is the sink's, see CommitPace.
  std::optional<std::chrono::milliseconds> commit_interval;
  int64_t commit_bytes = int64_t{128} << 20;
  /// End where the source is now, although it could go on.
  bool once = false;
  /// How often the sources that end are read again which a source that goes on is joined
  /// with in SQL; only at the beginning without it.
  std::optional<std::chrono::milliseconds> refresh;
  /// Move the first rows alone, so many at most, and end: the source is then read as a
  /// whole, and keeps no position.
  std::optional<int64_t> limit;
  /// A sink that cannot promise it is refused; without one, it is the best there is.
  std::optional<Guarantee> guarantee;
  /// Writers, each on a thread of its own; and the most readers, of a source with several
  /// splits.
  int num_lanes = 1;
  /// About the most bytes that readers, queues and writers hold, all together; without
  /// it kDefaultMemoryBytes, or what num_lanes needs if that is more.
  std::optional<int64_t> memory_bytes;
  /// Most bytes of rows that wait between the reader and the writers; without it a share
  /// of memory_bytes.
  std::optional<int64_t> queue_bytes;
  /// The largest record of text that is read, or written, where an address does not say:
  /// with_record_limit() has to be told before it is opened.
  std::optional<int64_t> max_record_bytes;
  /// What is read of the source; where the pipeline has a record, that tells the
  /// beginning.
  ReadRange range;
  /// Whether a pipeline of this name that reads or selects something else is to go on
  /// from where that was, as this one (CREATE OR REPLACE).
  bool replace = false;
  /// After a stop, the longest that the writers may take to write what was read before
  /// it. What is not written by then is dropped: kCancelled, and the next call reads it
  /// again.
  std::chrono::milliseconds longest_stop{10'000};
  /// For how long what has failed, and may pass, is tried again, see run(): from the
  /// first failure after a commit on; 0: not at all.
  std::chrono::milliseconds retry_for{300'000};
  /// Called before each pause, on the calling thread.
  std::function<void(const Retry&)> on_retry;
  /// Called with each statement that changes what is in the sink other than its rows
  /// ("ALTER TABLE …"), before it runs; from any thread.
  std::function<void(std::string_view)> on_ddl;
  /// Called after each batch; where a record is kept, also after each commit and about
  /// once a second while nothing comes. Must be quick.
  std::function<void(const Progress&)> on_progress;
  /// Whether Progress::lag is wanted; some sources open a connection for it.
  bool measure_lag = false;
  /// Called with the record whenever the sink was taken over, before anything is written:
  /// what it answers ends the run.
  std::function<Status(const CommitRecord&)> on_taken_over;
  /// Hears of the steps of each commit; outlives the call.
  CommitObserver* observer = nullptr;

  /// Set one by the name and the text that users write: "commit_every", "10s, 64MiB".
  /// Errors: kInvalidArgument, an unknown name being answered with the nearest one;
  /// kNotImplemented for one that does not work yet.
  Status set(std::string_view name, std::string_view text);
};

/// An address with RunOptions::max_record_bytes, where its connector has such an option,
/// and it does not say itself.
Uri with_record_limit(Uri uri, const RunOptions& options, const Registry& registry);

/// The columns of dead letters: pipeline, split, position, at, error, message, record,
/// record_encoding, schema, life (docs/guide/bad-records.md).
std::shared_ptr<arrow::Schema> dead_letter_schema();

/// Move the rows of `source` into `sink` and keep a record of the position beside them:
/// every row is committed once, whatever kills the process and however often it is run.
///
/// Goes on where the record of this pipeline ends. Where the source has no splits, all
/// rows are committed together at its end. A stop commits what was read, see
/// Progress::stopped. Where the sink keeps no record it does what copy() does.
///
/// Once the source and the sink have been there, a failure that may pass (kTransient,
/// kThrottled, kCommitStateUnknown) does not end it: after a pause it takes the sink over
/// again and goes on from the record, as the next call would, for as long as
/// RunOptions::retry_for. Not so where the source cannot be read again
/// (DataSource::can_reread). When all is committed it fails no more for these, see
/// Progress::record_left.
///
/// Errors: kInvalidArgument where the record speaks of another
/// source, SELECT or schema, with the difference; kFenced where a newer run of the
/// pipeline has taken over; kPositionLost; those of the source and the sink. After an
/// error what was committed stays, and the next call goes on from there.
Result<Progress> run(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                     const RunOptions& options, std::stop_token stop);

/// What run() would do with bad records.
struct PlannedBadRecords {
  OnError action = OnError::kFail;
  std::string sink = {};  ///< of kKeep: where they would be kept, without secrets
  SinkPlan plan = {};     ///< of kKeep: what would be done there
};

/// What run() would do.
struct RunPlan {
  Guarantee guarantee = Guarantee::kAtLeastOnce;
  std::string why;                 ///< it is that, and no more
  std::string begins;              ///< where it would begin to read
  std::vector<std::string> keeps;  ///< at the source, see SplitSource::kept_for
  SinkPlan sink;
  std::string one_lane;  ///< see Progress::one_lane
  PlannedBadRecords bad_records;
  /// Why run() would refuse; OK where it would not. What is known by then is told beside.
  Status obstacle;
};

/// Find out what run() would do with these; nothing of it is done. Errors: those of
/// reaching the source and the sink.
Result<RunPlan> plan_run(DataSource& source, DataSink& sink,
                         const PipelineIdentity& pipeline, const RunOptions& options,
                         std::stop_token stop = {});

/// A named way from a SELECT to a sink: move-only. The name is what its record is kept by
/// in the sink, see velo::run(). Threads: thread-compatible.
class Pipeline {
 public:
  /// Plan the SELECT, open the sink and check that the rows fit it. Nothing is written.
  /// Errors: kInvalidArgument for SQL (with the line and a caret) or an address that
  /// cannot be meant; those of the sources and the sink.
  static Result<Pipeline> make(std::string name, std::string_view select,
                               std::string_view sink_uri,
                               const Registry& registry = builtin_registry());
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;

  const std::string& name() const;

  /// Move all rows that the record does not have, see velo::run().
  Status run(std::stop_token stop);

  /// What the last run() did.
  const Progress& progress() const;

 private:
  class State;
  explicit Pipeline(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace velo
