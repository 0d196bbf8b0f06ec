#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "velo/connectors/postgresql/cdc/captured_table.h"
#include "velo/connectors/postgresql/cdc/change_position.h"
#include "velo/connectors/postgresql/cdc/change_rows.h"
#include "velo/connectors/postgresql/cdc/pgoutput.h"

namespace velo::postgresql {

/// Turns the messages of a slot into rows of one table, and knows the place that they
/// lead to. Threads: thread-compatible.
class ChangeLog {
 public:
  /// What comes before `from` is left out. The table and the rows outlive it.
  ChangeLog(const CapturedTable& table, const ChangePosition& from, ChangeRows& rows)
      : table_(table), from_(from), end_(from), rows_(&rows) {}

  /// Whether a message is about a row of other columns than the table's, so that take()
  /// would fail; and these columns.
  bool has_other_columns(const ChangeMessage& message) const;
  const std::vector<RelationColumn>& other_columns() const { return *other_columns_; }

  /// The table has these columns now, and its rows go here.
  void use(ChangeRows& rows) {
    rows_ = &rows;
    other_columns_.reset();
  }

  /// Errors: kSchemaMismatch for a row of other columns than the table had at first;
  /// those of ChangeRows.
  Status take(const ChangeMessage& message);

  /// Everything that was committed before `lsn` was taken.
  void pass(uint64_t lsn);

  bool in_transaction() const { return in_transaction_; }

  /// The place after the last whole transaction.
  const ChangePosition& end() const { return end_; }

  /// Whether a row of the transaction that is being taken has come.
  bool has_begun_transaction() const { return in_transaction_ && row_ > 0; }

  /// Where the transaction is committed that is being taken, or was last.
  uint64_t commit_lsn() const { return commit_lsn_; }

  /// The place after the last row, in the transaction that is being taken.
  ChangePosition inside() const { return {.lsn = commit_lsn_, .row = row_}; }

  /// When the last transaction that has come was committed, since 1970, by the server's
  /// clock; nullopt before the first.
  std::optional<std::chrono::microseconds> last_commit() const;

  /// About the bytes of its rows so far.
  int64_t transaction_bytes() const { return transaction_bytes_; }

 private:
  void begin(const BeginMessage& begin);
  void commit(const CommitMessage& commit);
  void meet(const RelationMessage& relation);
  Status update(const UpdateMessage& update);
  Tuple filled(const UpdateMessage& update) const;
  bool is_same_key(const Tuple& one, const Tuple& other) const;
  Result<bool> is_ours(uint32_t relation) const;
  Status add(char op, const Tuple* row, const Tuple* before);

  const CapturedTable& table_;
  const ChangePosition from_;
  ChangePosition end_;
  ChangeRows* rows_;
  std::optional<uint32_t> other_;  // a table of our name that is not the one we know
  // Of the rows that follow, where they are not the table's.
  std::optional<std::vector<RelationColumn>> other_columns_;

  // Of the transaction that is being taken.
  bool in_transaction_ = false;
  uint64_t commit_lsn_ = 0;
  int64_t committed_at_ = 0;
  uint64_t row_ = 0;
  int64_t transaction_bytes_ = 0;
};

}  // namespace velo::postgresql
