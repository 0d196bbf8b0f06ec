#pragma once

/// One lane: a connection, and the transaction that its epoch is written in.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/postgresql/client.h"
#include "velo/connectors/postgresql/copy_binary.h"
#include "velo/connectors/postgresql/record_table.h"
#include "velo/connectors/postgresql/staged_changes.h"
#include "velo/connectors/postgresql/target_table.h"

namespace velo::postgresql {

/// BEGIN … COPY … the record … COMMIT, again and again.
/// Threads: thread-compatible; the writer's and, in a commit, the committer's.
class LaneSession {
 public:
  /// The connection has the lane's application name. Takes rows once it has had
  /// change_schema().
  static std::shared_ptr<LaneSession> make(std::unique_ptr<Connection> connection,
                                           const PostgresqlOptions& options,
                                           const RecordTable& records, int lane);

  /// Have the table follow the columns of the rows (on_schema_change = evolve). `tell`
  /// hears of each statement before it runs.
  void evolve(std::function<void(std::string_view)> tell) { tell_ = std::move(tell); }

  /// There are other lanes, whose commits wait for this one: it must not wait for long
  /// itself. Who alters the table waits for what one lane has of it, a second lane waits
  /// behind that, and all who read the table behind both.
  void expect_others() { has_others_ = true; }

  /// Take rows of other columns from now on. The table is looked at, and changed where
  /// that is asked for, with the first of them, in their transaction.
  void change_schema(std::shared_ptr<arrow::Schema> schema) {
    next_schema_ = std::move(schema);
  }

  /// The same, `target` being what was found for them.
  Status bind(const arrow::Schema& schema, const TargetColumns& target);

  /// Send rows, beginning the transaction with the first. Errors, here and in prepare():
  /// kConflict where another transaction, which may be another lane's, holds for too long
  /// what these rows need.
  Status write(const arrow::RecordBatch& rows, std::stop_token stop);

  /// End the COPY and write the record, which was `before` when the sink was taken over.
  /// The transaction stays open.
  Status prepare(const CommitRecord& record, const CommitRecord& before, int num_lanes);

  /// Commit what was prepared. Errors: kCommitStateUnknown where the connection was lost
  /// on the way; else nothing was committed.
  Status commit();

  int64_t bytes_written() const { return bytes_written_; }

 private:
  LaneSession(std::unique_ptr<Connection> connection, const PostgresqlOptions& options,
              const RecordTable& records, int lane)
      : connection_(std::move(connection)),
        options_(options),
        records_(records),
        lane_(lane) {}

  const char* longest_lock_wait() const;
  Status explain(const Status& failure) const;
  Status write_rows(const arrow::RecordBatch& rows, const std::stop_token& stop);
  Status begin_columns(const std::stop_token& stop);
  Status begin(const std::stop_token& stop);
  Status begin_copy(const std::stop_token& stop);
  Status end_copy();
  Status send(const std::stop_token& stop);
  Status create_staged_rows(const std::stop_token& stop);
  Status append(const arrow::RecordBatch& rows, const std::stop_token& stop);
  Status apply_changes();
  std::string upsert_statement() const;

  const std::unique_ptr<Connection> connection_;
  const PostgresqlOptions options_;
  const RecordTable records_;
  const int lane_;
  std::vector<std::string> columns_;  // quoted
  std::vector<std::string> key_;      // quoted, as the table spells it
  std::unique_ptr<CopyEncoder> encoder_;
  // Where rows are changes: those of their columns that are staged, in that order.
  std::optional<StagedChanges> changes_;
  std::vector<int> staged_indices_;
  std::function<void(std::string_view)> tell_;  // set where the table follows
  std::shared_ptr<arrow::Schema> next_schema_;  // of the rows that follow, if another
  std::string buffer_;
  int64_t bytes_written_ = 0;
  bool has_others_ = false;
  bool in_transaction_ = false;
  bool in_copy_ = false;
};

}  // namespace velo::postgresql
