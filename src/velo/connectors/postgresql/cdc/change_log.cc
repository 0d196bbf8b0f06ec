#include "velo/connectors/postgresql/cdc/change_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::postgresql {
Status ChangeLog::take(const ChangeMessage& message) {
  if (const auto* begun = std::get_if<BeginMessage>(&message)) {
    begin(*begun);
  } else if (const auto* committed = std::get_if<CommitMessage>(&message)) {
    commit(*committed);
  } else if (const auto* described = std::get_if<RelationMessage>(&message)) {
    meet(*described);
  } else if (const auto* inserted = std::get_if<InsertMessage>(&message)) {
    ARROW_ASSIGN_OR_RAISE(const bool ours, is_ours(inserted->relation));
    if (ours) return add('c', &inserted->row, nullptr);
  } else if (const auto* updated = std::get_if<UpdateMessage>(&message)) {
    ARROW_ASSIGN_OR_RAISE(const bool ours, is_ours(updated->relation));
    if (ours) return update(*updated);
  } else if (const auto* deleted = std::get_if<DeleteMessage>(&message)) {
    ARROW_ASSIGN_OR_RAISE(const bool ours, is_ours(deleted->relation));
    if (ours) return add('d', &deleted->old, &deleted->old);
  } else if (const auto* truncated = std::get_if<TruncateMessage>(&message)) {
    for (const uint32_t relation : truncated->relations) {
      ARROW_ASSIGN_OR_RAISE(const bool ours, is_ours(relation));
      if (ours) ARROW_RETURN_NOT_OK(add('t', nullptr, nullptr));
    }
  }
  return Status::OK();
}

void ChangeLog::pass(uint64_t lsn) {
  if (!in_transaction_) end_ = std::max(end_, ChangePosition{.lsn = lsn});
}

void ChangeLog::begin(const BeginMessage& begin) {
  in_transaction_ = true;
  commit_lsn_ = begin.final_lsn;
  committed_at_ = begin.committed_at;
  row_ = 0;
  transaction_bytes_ = 0;
}

void ChangeLog::commit(const CommitMessage& commit) {
  in_transaction_ = false;
  pass(commit.end_lsn);
}

// The columns are compared where a row of them comes: a table that was altered twice, and
// is again what it was, is no trouble.
void ChangeLog::meet(const RelationMessage& relation) {
  if (relation.relation != table_.relation) {
    if (relation.schema == table_.schema && relation.table == table_.name) {
      other_ = relation.relation;
    }
    return;
  }
  other_columns_.reset();
  if (!std::ranges::equal(relation.columns, table_.columns, {}, {},
                          [](const CapturedColumn& column) { return column.relation; })) {
    other_columns_ = relation.columns;
  }
}

bool ChangeLog::has_other_columns(const ChangeMessage& message) const {
  if (!other_columns_) return false;
  const auto is_about = [&](const auto* row) {
    return row && row->relation == table_.relation;
  };
  if (is_about(std::get_if<InsertMessage>(&message)) ||
      is_about(std::get_if<UpdateMessage>(&message)) ||
      is_about(std::get_if<DeleteMessage>(&message))) {
    return true;
  }
  const auto* truncated = std::get_if<TruncateMessage>(&message);
  return truncated && std::ranges::find(truncated->relations, table_.relation) !=
                          truncated->relations.end();
}

std::optional<std::chrono::microseconds> ChangeLog::last_commit() const {
  if (commit_lsn_ == 0) return std::nullopt;
  return std::chrono::microseconds(committed_at_);
}

Result<bool> ChangeLog::is_ours(uint32_t relation) const {
  const bool is_known = relation == table_.relation;
  if (!is_known && relation != other_) return false;
  if (is_known && !other_columns_) return true;
  return make_error(
      ErrorKind::kSchemaMismatch,
      {.connector = "postgresql",
       .resource = table_.split(),
       .position = lsn_text(commit_lsn_)},
      is_known
          ? "from here on the rows have other columns than the table has (it was "
            "altered, or the publication leaves some out); what came before is not "
            "lost. on_schema_change = evolve has the sink follow, freeze leaves out what "
            "is new, and both go on from here"
          : "from here on the rows are of another table of this name (it was dropped "
            "and made anew); another name begins anew, with a snapshot");
}

// What an UPDATE has not sent is what it was, where that is known.
Tuple ChangeLog::filled(const UpdateMessage& update) const {
  Tuple row = update.row;
  const auto& old = update.old_row ? update.old_row : update.old_key;
  const size_t num_known = old ? std::min(old->size(), table_.columns.size()) : 0;
  for (size_t i = 0; i < std::min(row.size(), num_known); ++i) {
    const bool is_known = update.old_row || table_.columns[i].is_key;
    if (is_known && row[i].kind == TupleField::Kind::kUnchanged) row[i] = (*old)[i];
  }
  return row;
}

bool ChangeLog::is_same_key(const Tuple& one, const Tuple& other) const {
  const size_t num_columns = std::min({one.size(), other.size(), table_.columns.size()});
  for (size_t i = 0; i < num_columns; ++i) {
    if (!table_.columns[i].is_key) continue;
    if (one[i].kind != other[i].kind || one[i].bytes != other[i].bytes) return false;
  }
  return true;
}

// A new key is another row: that of the old one goes. An old key that is the same was
// sent because it is large, and is all that is known of the row as it was.
Status ChangeLog::update(const UpdateMessage& update) {
  const Tuple row = filled(update);
  const auto& old = update.old_row ? update.old_row : update.old_key;
  if (!old || is_same_key(*old, row)) {
    return add('u', &row, update.old_row ? &*update.old_row : nullptr);
  }
  ARROW_RETURN_NOT_OK(add('d', &*old, &*old));
  return add('c', &row, nullptr);
}

Status ChangeLog::add(char op, const Tuple* row, const Tuple* before) {
  const ChangePosition after{.lsn = commit_lsn_, .row = ++row_};
  if (after <= from_) return Status::OK();
  const ChangeMark mark{.op = op, .at = committed_at_, .position = after};
  const int64_t bytes_before = rows_->num_bytes();
  ARROW_RETURN_NOT_OK(row ? rows_->append(*row, before, mark)
                          : rows_->append_empty(mark));
  transaction_bytes_ += rows_->num_bytes() - bytes_before;
  return Status::OK();
}

}  // namespace velo::postgresql
