#pragma once

/// The reading end of a pipeline.

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/check.h"
#include "velo/error.h"
#include "velo/event.h"
#include "velo/position.h"

namespace velo {

/// One term of a conjunction: `column OP value`.
struct Comparison {
  enum class Operator : int8_t {
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIsNull,
    kIsNotNull
  };
  std::string column;
  Operator op;
  std::shared_ptr<arrow::Scalar> value;  ///< null for kIsNull and kIsNotNull
};

/// What becomes of a file or an object that has changed since an earlier run read it.
enum class OnChanged : int8_t {
  kFail,    ///< kPositionLost
  kReread,  ///< it is read from its beginning: rows that it still has come again
  kIgnore,  ///< one that was read to its end stays as it was read; else as kFail
};

/// What is read of a source, as users write it: `earliest`, `latest`, a time
/// (2026-11-23T05:00:00Z), or a position in the source's own words; empty for no bound.
/// Each connector's README says which of these it has.
struct ReadRange {
  std::string from;   ///< where to begin, unless an earlier run has got further
  std::string until;  ///< where to end: the first that is not read

  bool is_whole() const { return from.empty() && until.empty(); }
};

/// "from A until B", which tells runs of other parts apart; empty for all of a source.
std::string to_string(const ReadRange& range);

/// What a reader is asked for. `columns` binds: the batches have exactly these columns,
/// in this order. The rest are hints: a source may use them, and the caller applies them
/// again.
struct ReadOptions {
  std::optional<std::vector<std::string>> columns;
  std::vector<Comparison> predicate;  ///< all must hold; a row that fails may be left out
  std::optional<int64_t> limit;       ///< most rows wanted
  /// End where the source is now, although it could go on; no hint, but for sources that
  /// cannot end at all (DataSource::supports_batch).
  bool once = false;
  OnChanged on_changed = OnChanged::kFail;  ///< of a SplitReader
  /// Who reads: the same in every run of one pipeline into one sink, and nobody else's.
  /// What a source keeps for its reader (a replication slot) is named after it:
  /// `[a-z0-9_]{1,41}`. Empty: nothing is kept.
  std::string reader;
  /// Where the columns change while splits are read, say so by a SchemaChange and go on,
  /// instead of failing with kSchemaMismatch; for sources that can.
  bool tells_schema_changes = false;
  /// Before the first row of a split that has no position yet, say by a batch without
  /// rows where it begins; for sources that can be read again from there.
  bool tells_beginnings = false;
  /// The number of the process that reads (CommitRecord::fence): who takes over has a
  /// greater one. What is made for a reader before its first commit is named after it
  /// too, so that a process that was overtaken touches nothing of a newer one.
  uint64_t process = 0;
  /// About the most bytes that this reader may hold beside what it has returned.
  int64_t memory_bytes = int64_t{64} << 20;
};

/// Reads the rows of a source, in batches.
/// Threads: thread-compatible; one thread at a time, which may change between calls.
class DataReader {
 public:
  virtual ~DataReader() = default;

  /// Read the next batch, blocking until there is one; nullopt when the source has ended.
  /// An empty batch is data: a source without rows yields one, so that its schema
  /// arrives. All batches of a reader have the same schema. Errors: any kind; kCancelled
  /// when `stop` was requested. After an error the reader is finished: every later call
  /// returns the same error.
  virtual Result<std::optional<Batch>> read(std::stop_token stop) = 0;

  Result<std::optional<Batch>> read() { return read(std::stop_token()); }
};

/// Where to begin in a split: at its beginning, or where an earlier run got to.
struct SplitStart {
  SplitId split;
  std::optional<SplitProgress> from;
  /// Whether it was not there yet when the pipeline first looked: it has nothing that is
  /// older than that, and is read from its beginning wherever the others begin.
  bool came_later = false;
};

/// What SplitReader::poll may take.
struct PollLimits {
  /// About the most bytes of rows to return; 0: none, only serve the connection.
  int64_t max_bytes = int64_t{16} << 20;
  /// The longest to wait for something to return.
  std::chrono::milliseconds max_wait{200};
};

/// How far what a reader has returned is behind what its source has. What is not known is
/// left out.
struct Lag {
  std::optional<int64_t> num_rows;   ///< that were not returned yet
  std::optional<int64_t> num_bytes;  ///< of files, of a log, as the source counts them
  /// At most so long ago the next row was written, by the source's clock where it tells;
  /// 0 where nothing is left.
  std::optional<std::chrono::milliseconds> age;
};

/// Reads many splits, and says where it is. Threads: thread-compatible, but for
/// acknowledge().
class SplitReader {
 public:
  virtual ~SplitReader() = default;

  /// Take on more splits, at any time. One that an earlier run has read to its end is
  /// looked at too: that it is still the same.
  /// Errors: kPositionLost where the position no longer exists, naming both.
  virtual Status assign(std::span<const SplitStart> splits) = 0;

  /// Read what comes next, of any split; rows of one split come in their order. Errors:
  /// any kind; kCancelled when `stop` was requested. After an error the reader is
  /// finished: every later call returns the same error.
  virtual Result<Event> poll(const PollLimits& limits, std::stop_token stop) = 0;

  /// Say that the rows before these positions are safe in the sink, so that the source
  /// may forget them. Takes effect at the next poll. Threads: any.
  virtual Status acknowledge(const Positions& positions) = 0;

  /// Say how far it is behind. Called about once a second, between two polls, and only
  /// where somebody wants to know; does not wait for the source.
  virtual Lag lag() { return {}; }
};

/// Splits that have come up since the last look.
struct NewSplits {
  std::vector<SplitId> added;
  bool complete = false;  ///< whether no other will ever come
  /// Whether one that an earlier run has not ended may be missing: in the first look, the
  /// reader is given it too, and looks for it itself, or ends it where it is. Else that
  /// is an error once all are known.
  bool splits_may_go = false;
};

/// Finds the splits of a source. Threads: thread-compatible.
class SplitDiscovery {
 public:
  virtual ~SplitDiscovery() = default;

  /// Look for splits that were not returned before; waits for one at most so long.
  /// Errors: any kind; kCancelled when `stop` was requested.
  virtual Result<NewSplits> poll(std::chrono::milliseconds max_wait,
                                 std::stop_token stop) = 0;
};

/// What a source can do that can be read again from a position. Threads:
/// thread-compatible.
class SplitSource {
 public:
  virtual ~SplitSource() = default;

  /// What is read, the same whenever and from wherever it is opened, without secrets:
  /// "file:/data/in/*.csv?header=true". Two sources of one identity have the same splits.
  virtual std::string identity() const = 0;

  virtual Result<std::unique_ptr<SplitDiscovery>> discover() = 0;

  /// Make a reader with no splits yet, and another for other splits, while the first is
  /// used on a thread of its own. Their batches have the schema that fetch_schema() told,
  /// or the columns asked for, up to a SchemaChange. Errors: as
  /// DataSource::create_reader.
  virtual Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& options) = 0;

  /// What forget() removes, for a person who is asked whether it may: "replication slot
  /// velo_orders_09af33c1". Asks no server.
  virtual std::vector<std::string> kept_for(const std::string& reader) const;

  /// Remove what is kept for a reader (ReadOptions::reader), which will not come again:
  /// its readers are closed. Idempotent.
  virtual Status forget(const std::string& reader);

  /// Remove what this process of a reader, and earlier ones, have made for it: nothing
  /// was committed of what they have read, and a newer process has taken over. What that
  /// one has made stays. Its readers are closed. Idempotent.
  virtual Status withdraw(const std::string& reader, uint64_t process);
};

/// About the most bytes that one poll may take of a reader's memory (PollLimits).
int64_t most_bytes_at_once(const ReadOptions& options);

/// Read all splits from their beginnings: what DataSource::create_reader does where there
/// are splits. `schema` is that of the batches, `options` are the reader's.
std::unique_ptr<DataReader> read_all_splits(std::unique_ptr<SplitDiscovery> discovery,
                                            std::unique_ptr<SplitReader> reader,
                                            std::shared_ptr<arrow::Schema> schema,
                                            const ReadOptions& options);

/// Something that rows come from: it is opened by a URI and holds no resource until
/// asked. Threads: thread-compatible.
class DataSource {
 public:
  virtual ~DataSource() = default;

  /// Fetch the columns that a reader will yield when it is asked for all of them. For
  /// text formats without `schema=` they are inferred from a sample. Errors: kNotFound,
  /// kPermissionDenied, kCorruptData, kTransient …
  virtual Result<std::shared_ptr<arrow::Schema>> fetch_schema() = 0;

  /// Have the calls that take no stop of their own end soon after this one was requested,
  /// with kCancelled: fetch_schema() and those that open something. To be called before
  /// all else. What removes something (SplitSource::forget) is not ended.
  virtual void set_stop(std::stop_token stop) { (void)stop; }

  /// Have records that are no rows come along as Batch::bad, where they can be told from
  /// the others, instead of failing with them. To be called before all else; what the
  /// columns are inferred from leaves them out too. Sources whose rows are typed by their
  /// system have none.
  virtual void keep_bad_records() {}

  /// Read a part alone. To be called before all else. Where the end is given, the source
  /// ends there: supports_streaming() is false from then on. Errors: kInvalidArgument for
  /// what is no place of it, which for most sources is anything.
  virtual Status set_range(const ReadRange& range);

  /// Open a reader at the beginning of the source.
  /// Errors: as fetch_schema; kInvalidArgument for a column that is not there.
  virtual Result<std::unique_ptr<DataReader>> create_reader(
      const ReadOptions& options) = 0;

  Result<std::unique_ptr<DataReader>> create_reader() {
    return create_reader(ReadOptions());
  }

  /// Whether a reader can go on for ever, waiting for rows that do not exist yet.
  virtual bool supports_streaming() const = 0;
  /// Whether a reader can end: what is there now, and no more.
  virtual bool supports_batch() const = 0;

  /// Whether a later reader begins where the first did: not of standard input, or a pipe.
  virtual bool can_reread() const { return true; }

  /// The way to read it again from a position; nullptr where there is none, and rows that
  /// were not committed can only be had from the beginning. Lives as long as the source.
  virtual SplitSource* splits() { return nullptr; }

  /// Find out, step by step, whether it can be read: that it is reached, that we may sign
  /// in, that we may read. Leaves nothing behind. Ends soon after `stop` was requested.
  virtual void check(CheckReport& report, std::stop_token stop);
};

}  // namespace velo
