#pragma once

/// The tables that hold a pipeline's record: in the database of its rows.
///
///     velo_checkpoint       a row for each fence, each intent and each done epoch
///     velo_split            the splits that an epoch has moved; valid once it is done
///     velo_fence_ID_NUMBER  made by who takes a fence: of two that try, one succeeds
///
/// Every statement that counts holds a guard: it fails unless the newest fence is of the
/// process that runs it. Attempts are fence << 40 | epoch, so that they grow.

#include <cstdint>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/connectors/clickhouse/client.h"

namespace velo::clickhouse {

/// What a process that has taken a pipeline over goes by.
struct Hold {
  std::string holder;       ///< drawn at random by each take-over
  std::string incarnation;  ///< of the record, from its first fence on
  uint64_t fence = 0;
  uint64_t mark = 0;         ///< the rows' kPipelineColumn
  uint64_t first_epoch = 0;  ///< that this fence may commit

  uint64_t attempt(uint64_t epoch) const { return fence << 40 | epoch; }
  /// Beyond all attempts of this fence, exclusive.
  uint64_t end_of_attempts() const { return (fence + 1) << 40; }
};

/// Names the tables, and one pipeline in them. Threads: safe.
class RecordTable {
 public:
  RecordTable(const ClickhouseOptions& options, std::string pipeline);

  /// Read the record as it stands: that of the last epoch that is done, with the newest
  /// fence; an empty one where there is none. `has_target` and errors: as of read().
  Result<CommitRecord> look(Client& client, bool has_target) const;

  /// Read the record as it stands, whatever has become of the rows; where nothing is done
  /// yet, with the fence alone.
  Result<CommitRecord> read_past_loss(Client& client) const;

  /// The pipelines that have a record of writing the table of these options, and whose
  /// ids begin with `prefix`.
  static Result<std::vector<std::string>> list(Client& client,
                                               const ClickhouseOptions& options,
                                               const std::string& prefix);

  /// The tables that create() and take_fence() would have to make.
  Result<std::vector<std::string>> missing_tables(Client& client) const;

  /// Make the tables where they are not there.
  Status create(Client& client) const;

  /// Raise the fence over all earlier processes, and end what they run in the server. A
  /// record that is new has this incarnation; empty: one is drawn.
  Result<Hold> take_fence(Client& client, const std::string& incarnation) const;

  /// Read the record: roll forward the last epoch where all of its rows are there, remove
  /// rows of attempts that are not done. Sets the rest of `hold`. `has_target`: whether
  /// the table of the rows is there. Errors: kCommitLost where it is not and had rows;
  /// kInvalidArgument where the record is of another table.
  Result<CommitRecord> read(Client& client, Hold& hold, bool has_target) const;

  /// Keep the splits that an epoch moves, and that it is about to be written.
  /// Errors: kFenced.
  Status write_intent(Client& client, const Hold& hold, const CommitRecord& record) const;

  /// Say that an epoch is committed; `num_rows` are those of all epochs.
  /// Errors: kFenced; kCommitStateUnknown where no answer came.
  Status write_done(Client& client, const Hold& hold, const CommitRecord& record,
                    int64_t num_rows) const;

  /// How many rows of an attempt are in the table.
  Result<int64_t> count_rows(Client& client, const Hold& hold, uint64_t attempt) const;

  /// A condition that fails the statement unless `hold` is the newest.
  std::string guard(const Hold& hold) const;

  /// What to say when the guard of a statement has failed: kFenced.
  Status fenced(const Hold& hold) const;

  /// The id of a query, by which those who come later find it.
  std::string query_id(const Hold& hold, uint64_t epoch, std::string_view what) const;

  /// End a query and wait until it has; nothing where it does not run.
  Status kill(Client& client, const std::string& query_id) const;

  /// Remove rows that are not committed, the record, unless a newer process has it, and
  /// the tables where no other pipeline is in them. Idempotent.
  Status forget(Client& client, const Hold& hold, bool has_target) const;

 private:
  struct Found;

  Result<std::vector<std::string>> holders(Client& client) const;
  Result<bool> is_newest(Client& client, const Hold& hold) const;
  struct Newest {
    uint64_t fence = 0;
    std::string incarnation;
  };
  Result<Newest> newest(Client& client) const;
  Result<uint64_t> make_fence_table(Client& client) const;
  Status kill_below(Client& client, uint64_t fence) const;
  Result<CommitRecord> try_to_read(Client& client, Hold& hold, bool has_target) const;
  Result<CommitRecord> try_to_look(Client& client, bool has_target) const;
  Result<Found> find_last(Client& client) const;
  Status check_target(const Found& found, bool has_target) const;
  Status roll_forward(Client& client, const Hold& hold, Found& found) const;
  Result<std::string> done_attempts(Client& client, std::string_view column) const;
  Status remove_undone_rows(Client& client, const Hold& hold,
                            const std::vector<uint64_t>& marks) const;
  Result<std::vector<uint64_t>> marks_of_holders(Client& client, const Hold& hold) const;
  Status read_positions(Client& client, CommitRecord& record) const;
  Status compact(Client& client, const Hold& hold) const;
  Status drop_fence_tables(Client& client, uint64_t below) const;
  Status write_splits(Client& client, const Hold& hold, const CommitRecord& record) const;
  Status insert_splits(Client& client, const Hold& hold, uint64_t epoch,
                       const Positions& positions) const;

  const ClickhouseOptions options_;
  const std::string pipeline_;     // its id
  const std::string id_;           // quoted
  const std::string checkpoints_;  // quoted
  const std::string splits_;
};

/// Whether the guard of a statement has failed, or found no record at all.
bool is_fenced(const Status& failure);

}  // namespace velo::clickhouse
