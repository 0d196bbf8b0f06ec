#pragma once

/// The tables that hold a pipeline's record: beside the rows, and changed with them.
///
///     velo_checkpoint  a row for each lane, and one, lane -1, for the fence
///     velo_split       a row for each split: its position
///
/// Where lanes have rows by their key, velo_split has other rows for a split: under the
/// name PIPELINE:INCARNATION:ahead how far the first lane has got, and where it had no
/// position, under …:begin where it begins. Both are places of the source that the row of
/// the first lane names: a commit of another source forgets how far that one has got. The
/// first lane's transaction is committed before all others, and writes these; the last
/// lane's after all others, and writes the position. So every key is somewhere between
/// the two.
///
/// A lane's transaction ends by updating its row WHERE fence = its own, and goes on only
/// if that has touched one: whoever takes over has raised the fence of all lanes first.

#include <cstdint>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/connectors/postgresql/client.h"

namespace velo::postgresql {

/// Names the two tables, and one pipeline in them. Threads: safe.
class RecordTable {
 public:
  /// The rows are in `table` of `schema`.
  RecordTable(const std::string& schema, std::string table, PipelineIdentity pipeline);

  /// What the connection of a lane is called in pg_stat_activity.
  std::string lane_name(const CommitRecord& record, int lane) const;

  /// Read the record as it stands; an empty one where there is none. Errors:
  /// kInvalidArgument where it is of another table.
  Result<CommitRecord> look(Connection& connection) const;

  /// The pipelines that have a record of writing `table` of `schema`, and whose ids begin
  /// with `prefix`.
  static Result<std::vector<std::string>> list(Connection& connection,
                                               const std::string& schema,
                                               const std::string& table,
                                               const std::string& prefix);

  /// The names of the tables that create() would have to make.
  Result<std::vector<std::string>> missing_tables(Connection& connection) const;

  /// Make the tables where they are not there.
  Status create(Connection& connection) const;

  /// Raise the fence over all earlier processes, waiting for a COMMIT of theirs that is
  /// on its way and ending those that hold a lock for longer; then read the record. Calls
  /// `after_fence` in between. Errors: kConflict where a lock cannot be had;
  /// kInvalidArgument, before the fence, where the record is of another table.
  template <typename AfterFence>
  Result<CommitRecord> take_over(Connection& connection, AfterFence after_fence) const {
    ARROW_ASSIGN_OR_RAISE(CommitRecord record, raise_fence(connection));
    after_fence();
    // Of another role they stay, and cannot commit any more.
    (void)end_lanes_below(connection, record.fence);
    const auto has_reached = read_positions(connection, record);
    // A later run has ended, and taken the record away.
    if (kind_of(has_reached.status()) == ErrorKind::kNotFound) return fenced(record);
    ARROW_RETURN_NOT_OK(has_reached);
    if (*has_reached) ARROW_RETURN_NOT_OK(forget_what_is_reached(connection, record));
    return record;
  }

  /// Whether no newer process has taken the pipeline over, and none has ended it.
  Result<bool> is_newest(Connection& connection, const CommitRecord& record) const;

  /// What to say where one has: kFenced.
  static Status fenced(const CommitRecord& record);

  /// Make the row of a lane, unless it is there or a newer process has taken over.
  Status add_lane(Connection& connection, int lane, const CommitRecord& record) const;

  /// In the open transaction of a lane: keep the splits that it has moved and its row.
  /// Errors: kFenced.
  Status write(Connection& connection, int lane, int num_lanes,
               const CommitRecord& record) const;

  /// The same in a commit that is divided by key (CommitRecord::divided).
  Status write_divided(Connection& connection, int lane, int num_lanes,
                       const CommitRecord& record) const;

  /// In the open transaction of the first lane, where the source is another than before:
  /// forget how far lanes have got in the former.
  Status forget_ahead(Connection& connection, const CommitRecord& record) const;

  /// Remove the pipeline, unless a newer process has taken it over, and the tables where
  /// no other is in them. Idempotent.
  Status forget(Connection& connection, const CommitRecord& record) const;

 private:
  static constexpr int kFenceLane = -1;

  Status is_of_another_table(const std::string& other) const;
  Result<CommitRecord> raise_fence(Connection& connection) const;
  Result<CommitRecord> try_to_raise_fence(Connection& connection) const;
  Status end_those_in_the_way(Connection& connection) const;
  Status end_lanes_below(Connection& connection, uint64_t fence) const;
  std::string ahead_name(const CommitRecord& record) const;
  std::string begin_name(const CommitRecord& record) const;
  Status keep(Connection& connection, const std::string& name,
              const Positions& positions) const;
  Status forget_what_is_reached(Connection& connection, const CommitRecord& record) const;
  Status remove(Connection& connection, const CommitRecord& record) const;
  Result<CommitRecord> try_to_look(Connection& connection) const;
  Status read_lanes(Connection& connection, CommitRecord& record,
                    std::string_view lock) const;
  /// Whether there is more than that needs: of commits that are complete since.
  Result<bool> read_positions(Connection& connection, CommitRecord& record) const;

  const std::string table_;
  const PipelineIdentity pipeline_;
  const std::string place_;        // tells the schema apart from others, in lane_name()
  const std::string checkpoints_;  // quoted
  const std::string splits_;
};

}  // namespace velo::postgresql
