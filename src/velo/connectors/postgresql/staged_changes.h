#pragma once

/// Changes (rows with `_op` and `_unset`) into a table with a key: each epoch's are
/// staged in a temporary table, and what they come to is done to the target in its
/// transaction.

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/postgresql/options.h"
#include "velo/error.h"

namespace velo::postgresql {

/// Columns of the temporary table beside the target's: the row's number, `_op`, `_unset`.
inline constexpr char kStagedNumber[] = "velo_row_number";
inline constexpr char kStagedOperation[] = "velo_op";
inline constexpr char kStagedUnset[] = "velo_unset";

/// The temporary table that changes which were sent in parts are put together in.
inline constexpr char kMergedRows[] = "pg_temp.velo_merged";

/// Whether rows of this schema are to be applied: they are changes, and there is a key.
bool are_applied(const PostgresqlOptions& options, const arrow::Schema& schema);

/// What an epoch's changes have in them. Threads: thread-compatible.
class StagedChanges {
 public:
  /// `columns` and `key` are in quotes, as the table spells them; `names` are those that
  /// the rows have, in the same order.
  StagedChanges(std::string target, std::string staged, std::vector<std::string> columns,
                std::vector<std::string> key, std::vector<std::string> names)
      : target_(std::move(target)),
        staged_(std::move(staged)),
        columns_(std::move(columns)),
        key_(std::move(key)),
        names_(std::move(names)) {}

  /// Take note of rows that will be staged. Errors: kNotImplemented for a new row that
  /// was not sent whole; kSchemaMismatch for a deleted one without its key.
  Status note(const arrow::RecordBatch& rows);

  /// The statements that apply what was noted since the last call.
  std::vector<std::string> statements();

  /// The statement that yields a row where a change could not be applied: not all of its
  /// row was sent, and the target has none. Empty where there is none to ask for.
  std::string missing_rows() const;

 private:
  std::vector<std::string> key_names() const;
  Status check_keys_of_deleted(const arrow::RecordBatch& rows,
                               const arrow::StringArray& operations) const;
  std::string same_key(std::string_view one, std::string_view other) const;
  std::string last_of_each_key() const;
  std::string is_set(size_t column) const;
  void upsert_whole_rows(std::vector<std::string>& statements) const;
  void merge_parts_of_rows(std::vector<std::string>& statements) const;

  const std::string target_;
  const std::string staged_;
  const std::vector<std::string> columns_;
  const std::vector<std::string> key_;
  const std::vector<std::string> names_;
  bool has_truncate_ = false;
  bool has_unset_ = false;
  bool merged_ = false;
};

}  // namespace velo::postgresql
