#include "velo/connectors/postgresql/staged_changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "velo/columnar/change_columns.h"

namespace velo::postgresql {
namespace {

// As name_in_unset() writes them.
constexpr char kNamesInUnset[] = R"re("(?:[^"]|"")*"|[^",]+)re";

}  // namespace

bool are_applied(const PostgresqlOptions& options, const arrow::Schema& schema) {
  return !options.key.empty() && are_changes(schema);
}

std::vector<std::string> StagedChanges::key_names() const {
  std::vector<std::string> key;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (std::ranges::find(key_, columns_[i]) != key_.end()) key.push_back(names_[i]);
  }
  return key;
}

// A NULL is equal to nothing: the row would stay.
Status StagedChanges::check_keys_of_deleted(const arrow::RecordBatch& rows,
                                            const arrow::StringArray& operations) const {
  for (const std::string& name : key_names()) {
    const auto values = rows.GetColumnByName(name);
    if (values->null_count() == 0) continue;
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      if (operations.GetView(row) != "d" || values->IsValid(row)) continue;
      return make_error(
          ErrorKind::kSchemaMismatch, {.connector = "postgresql", .resource = target_},
          fmt::format(
              "a row was deleted at the source, and came without its '{}', a column of "
              "key=, so it cannot be found here. Let key= name the source's key, or say "
              "ALTER TABLE … REPLICA IDENTITY FULL at the source, if no UPDATE changes "
              "that column; then begin anew, by another name, into an empty table",
              name));
    }
  }
  return Status::OK();
}

Status StagedChanges::note(const arrow::RecordBatch& rows) {
  const auto& operations =
      static_cast<const arrow::StringArray&>(*rows.GetColumnByName(kOperationColumn));
  const auto& unset =
      static_cast<const arrow::StringArray&>(*rows.GetColumnByName(kUnsetColumn));
  ARROW_RETURN_NOT_OK(check_keys_of_deleted(rows, operations));
  // Then no column that was not sent is written.
  const bool has_only_keys = columns_.size() == key_.size();
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    const std::string_view operation = operations.GetView(row);
    has_truncate_ = has_truncate_ || operation == "t";
    if (unset.IsNull(row) || has_only_keys) continue;
    has_unset_ = true;
    if (operation == "u") continue;
    return make_error(
        ErrorKind::kNotImplemented, {.connector = "postgresql", .resource = target_},
        fmt::format(
            "a row got another key by an UPDATE that did not send all of it ({} "
            "is missing), which cannot be applied yet; with ALTER TABLE … REPLICA "
            "IDENTITY FULL at the source, everything is sent",
            unset.GetView(row)));
  }
  return Status::OK();
}

std::string StagedChanges::same_key(std::string_view one, std::string_view other) const {
  std::vector<std::string> terms;
  for (const std::string& column : key_) {
    terms.push_back(fmt::format("{0}.{2} = {1}.{2}", one, other, column));
  }
  return fmt::format("{}", fmt::join(terms, " AND "));
}

std::string StagedChanges::last_of_each_key() const {
  return fmt::format("SELECT DISTINCT ON ({0}) * FROM {1} ORDER BY {0}, {2} DESC",
                     fmt::join(key_, ", "), staged_, kStagedNumber);
}

std::string StagedChanges::is_set(size_t column) const {
  return fmt::format(
      "({0} IS NULL OR NOT {1} = ANY (ARRAY (SELECT item[1] FROM regexp_matches({0}, "
      "'{2}', 'g') AS item)))",
      kStagedUnset, quote_literal(name_in_unset(names_[column])), kNamesInUnset);
}

std::vector<std::string> StagedChanges::statements() {
  std::vector<std::string> statements;
  if (has_truncate_) {
    statements.push_back("DELETE FROM " + target_);
    statements.push_back(fmt::format(
        "DELETE FROM {0} WHERE {1} <= (SELECT max({1}) FROM {0} WHERE {2} = 't')",
        staged_, kStagedNumber, kStagedOperation));
  }
  statements.push_back(fmt::format(
      "DELETE FROM {} AS target USING ({}) AS last WHERE last.{} = 'd' AND {}", target_,
      last_of_each_key(), kStagedOperation, same_key("target", "last")));
  if (has_unset_) {
    merge_parts_of_rows(statements);
  } else {
    upsert_whole_rows(statements);
  }
  merged_ = has_unset_;
  has_truncate_ = false;
  has_unset_ = false;
  return statements;
}

void StagedChanges::upsert_whole_rows(std::vector<std::string>& statements) const {
  std::vector<std::string> changes;
  for (const std::string& column : columns_) {
    if (std::ranges::find(key_, column) == key_.end()) {
      changes.push_back(fmt::format("{0} = excluded.{0}", column));
    }
  }
  statements.push_back(fmt::format(
      "INSERT INTO {0} ({1}) SELECT {1} FROM ({2}) AS last WHERE {3} <> 'd' ON CONFLICT "
      "({4}) DO {5}",
      target_, fmt::join(columns_, ", "), last_of_each_key(), kStagedOperation,
      fmt::join(key_, ", "),
      changes.empty() ? "NOTHING"
                      : fmt::format("UPDATE SET {}", fmt::join(changes, ", "))));
}

// What was not sent of a column is what an earlier change of the epoch has said, since
// the row was deleted last; else what the target has.
void StagedChanges::merge_parts_of_rows(std::vector<std::string>& statements) const {
  std::vector<std::string> merged;
  std::vector<std::string> changes;
  std::vector<std::string> all_set;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (std::ranges::find(key_, columns_[i]) != key_.end()) continue;
    const std::string flag = fmt::format("velo_set_{}", i);
    merged.push_back(fmt::format(
        ", (array_agg({0} ORDER BY {1} DESC) FILTER (WHERE {2}))[1] AS {0}, bool_or({2}) "
        "AS {3}",
        columns_[i], kStagedNumber, is_set(i), flag));
    changes.push_back(
        fmt::format("{0} = CASE WHEN merged.{1} THEN merged.{0} ELSE target.{0} END",
                    columns_[i], flag));
    all_set.push_back(fmt::format("merged.{}", flag));
  }
  const std::string key = fmt::format("{}", fmt::join(key_, ", "));
  statements.push_back(fmt::format(
      "CREATE TEMP TABLE velo_merged ON COMMIT DROP AS SELECT {0}{1} FROM (SELECT *, "
      "max({2}) FILTER (WHERE {3} = 'd') OVER (PARTITION BY {0}) AS velo_deleted FROM "
      "{4}) AS staged WHERE {2} > coalesce(velo_deleted, 0) GROUP BY {0}",
      key, fmt::join(merged, ""), kStagedNumber, kStagedOperation, staged_));
  statements.push_back(
      fmt::format("UPDATE {} AS target SET {} FROM {} AS merged WHERE {}", target_,
                  fmt::join(changes, ", "), kMergedRows, same_key("target", "merged")));
  statements.push_back(fmt::format(
      "INSERT INTO {0} ({1}) SELECT {1} FROM {2} AS merged WHERE {3} AND NOT EXISTS "
      "(SELECT FROM {0} AS target WHERE {4})",
      target_, fmt::join(columns_, ", "), kMergedRows, fmt::join(all_set, " AND "),
      same_key("target", "merged")));
}

std::string StagedChanges::missing_rows() const {
  if (!merged_) return {};
  return fmt::format(
      "SELECT concat_ws(', ', {}) FROM {} AS merged WHERE NOT EXISTS (SELECT FROM {} AS "
      "target WHERE {}) LIMIT 1",
      fmt::join(key_, ", "), kMergedRows, target_, same_key("target", "merged"));
}

}  // namespace velo::postgresql
