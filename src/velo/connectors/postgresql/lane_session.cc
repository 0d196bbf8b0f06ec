#include "velo/connectors/postgresql/lane_session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/connectors/postgresql/target_evolution.h"

namespace velo::postgresql {
namespace {

constexpr size_t kSendBytes = size_t{1} << 20;
constexpr char kLongestLockWait[] = "60s";
constexpr char kLongestLockWaitBesideOthers[] = "2s";
constexpr char kLockNotAvailable[] = "55P03";
constexpr char kStagedRows[] = "pg_temp.velo_rows";

}  // namespace

std::shared_ptr<LaneSession> LaneSession::make(std::unique_ptr<Connection> connection,
                                               const PostgresqlOptions& options,
                                               const RecordTable& records, int lane) {
  return std::shared_ptr<LaneSession>(
      new LaneSession(std::move(connection), options, records, lane));
}

Status LaneSession::bind(const arrow::Schema& schema, const TargetColumns& target) {
  columns_.clear();
  key_.clear();
  changes_.reset();
  staged_indices_.clear();
  for (const ResultColumn& column : target.columns) {
    columns_.push_back(quote_identifier(column.name));
  }
  const bool applied = are_applied(options_, schema);
  const auto values =
      applied ? columns_of_changed_rows(schema) : std::make_shared<arrow::Schema>(schema);
  for (const std::string& name : options_.key) {
    key_.push_back(columns_[static_cast<size_t>(values->GetFieldIndex(name))]);
  }
  if (!applied) return CopyEncoder::make(schema, target.columns).Value(&encoder_);
  changes_.emplace(options_.table_name(), kStagedRows, columns_, key_,
                   values->field_names());
  arrow::FieldVector fields = values->fields();
  auto columns = target.columns;
  for (const auto& [name, staged] : {std::pair(kOperationColumn, kStagedOperation),
                                     std::pair(kUnsetColumn, kStagedUnset)}) {
    fields.push_back(schema.GetFieldByName(name));
    columns.push_back({.name = staged, .type = kText});
  }
  for (const auto& field : fields) {
    staged_indices_.push_back(schema.GetFieldIndex(field->name()));
  }
  return CopyEncoder::make(*arrow::schema(fields), columns).Value(&encoder_);
}

const char* LaneSession::longest_lock_wait() const {
  return has_others_ ? kLongestLockWaitBesideOthers : kLongestLockWait;
}

Status LaneSession::begin(const std::stop_token& stop) {
  if (in_transaction_) return Status::OK();
  ARROW_RETURN_NOT_OK(connection_->execute("BEGIN", {}, stop).status());
  in_transaction_ = true;
  // Lanes whose rows meet in a unique index wait for each other's commits.
  ARROW_RETURN_NOT_OK(
      connection_
          ->execute(fmt::format("SELECT set_config('lock_timeout', '{}', true) WHERE "
                                "current_setting('lock_timeout') = '0'",
                                longest_lock_wait()),
                    {}, stop)
          .status());
  // A role's "off" would say yes to what a crash forgets.
  return connection_->execute("SET LOCAL synchronous_commit = on", {}, stop).status();
}

Status LaneSession::begin_copy(const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(begin(stop));
  std::string into = options_.table_name();
  std::vector<std::string> columns = columns_;
  if (!key_.empty()) {
    into = kStagedRows;
    ARROW_RETURN_NOT_OK(create_staged_rows(stop));
  }
  if (changes_) columns.insert(columns.end(), {kStagedOperation, kStagedUnset});
  ARROW_RETURN_NOT_OK(
      connection_->begin_copy_in(fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)",
                                             into, fmt::join(columns, ", ")),
                                 stop));
  in_copy_ = true;
  buffer_ = CopyEncoder::header();
  return Status::OK();
}

// Its rows are numbered, so that the last of a key is known.
Status LaneSession::create_staged_rows(const std::stop_token& stop) {
  const std::string more = changes_ ? fmt::format(", ''::text AS {}, ''::text AS {}",
                                                  kStagedOperation, kStagedUnset)
                                    : std::string();
  ARROW_RETURN_NOT_OK(
      connection_
          ->execute(fmt::format("CREATE TEMP TABLE velo_rows ON COMMIT DROP AS SELECT "
                                "{}{} FROM {} WITH NO DATA",
                                fmt::join(columns_, ", "), more, options_.table_name()),
                    {}, stop)
          .status());
  return connection_
      ->execute(fmt::format("ALTER TABLE {} ADD COLUMN {} bigserial", kStagedRows,
                            kStagedNumber),
                {}, stop)
      .status();
}

Status LaneSession::explain(const Status& failure) const {
  const ErrorContext* context = context_of(failure);
  if (!context || context->vendor_code != kLockNotAvailable) return failure;
  return make_error(
      kind_of(failure),
      {.connector = "postgresql",
       .resource = options_.table_name(),
       .vendor_code = context->vendor_code},
      fmt::format("lane {} waited for another transaction longer than lock_timeout ({} "
                  "unless the role sets it), and nothing of its commit was written; "
                  "where rows of two lanes have the same value in a unique index, use "
                  "parallel = 1; else see in pg_locks who holds the table ({})",
                  lane_, longest_lock_wait(), failure.message()));
}

Status LaneSession::write(const arrow::RecordBatch& rows, std::stop_token stop) {
  return explain(write_rows(rows, stop));
}

Status LaneSession::write_rows(const arrow::RecordBatch& rows,
                               const std::stop_token& stop) {
  if (next_schema_) ARROW_RETURN_NOT_OK(begin_columns(stop));
  if (!in_copy_) ARROW_RETURN_NOT_OK(begin_copy(stop));
  if (!changes_) return append(rows, stop);
  ARROW_RETURN_NOT_OK(changes_->note(rows));
  ARROW_ASSIGN_OR_RAISE(const auto staged, rows.SelectColumns(staged_indices_));
  return append(*staged, stop);
}

// What was staged of the rows before is done to the table first.
Status LaneSession::begin_columns(const std::stop_token& stop) {
  const auto schema = std::exchange(next_schema_, nullptr);
  ARROW_RETURN_NOT_OK(end_copy());
  ARROW_RETURN_NOT_OK(begin(stop));
  if (!options_.key.empty()) {
    ARROW_RETURN_NOT_OK(connection_
                            ->execute(fmt::format("DROP TABLE IF EXISTS {}, {}",
                                                  kStagedRows, kMergedRows),
                                      {}, stop)
                            .status());
  }
  if (tell_) {
    ARROW_RETURN_NOT_OK(evolve_target(*connection_, options_, *schema, tell_));
  }
  ARROW_ASSIGN_OR_RAISE(const auto target,
                        find_target_columns(*connection_, options_, *schema));
  return bind(*schema, target);
}

Status LaneSession::append(const arrow::RecordBatch& rows, const std::stop_token& stop) {
  // By parts, so that a large batch does not stand beside all of its bytes.
  constexpr int64_t kRowsAtOnce = 4096;
  for (int64_t row = 0; row < rows.num_rows(); row += kRowsAtOnce) {
    ARROW_RETURN_NOT_OK(encoder_->append(*rows.Slice(row, kRowsAtOnce), buffer_));
    if (buffer_.size() >= kSendBytes) ARROW_RETURN_NOT_OK(send(stop));
  }
  return Status::OK();
}

Status LaneSession::send(const std::stop_token& stop) {
  for (size_t begin = 0; begin < buffer_.size(); begin += kSendBytes) {
    ARROW_RETURN_NOT_OK(
        connection_->put_copy(std::string_view(buffer_).substr(begin, kSendBytes), stop));
  }
  bytes_written_ += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
  return Status::OK();
}

std::string LaneSession::upsert_statement() const {
  std::vector<std::string> changes;
  for (const std::string& column : columns_) {
    if (std::ranges::find(key_, column) == key_.end()) {
      changes.push_back(fmt::format("{0} = excluded.{0}", column));
    }
  }
  return fmt::format(
      "INSERT INTO {0} ({1}) SELECT DISTINCT ON ({2}) {1} FROM {3} ORDER BY {2}, {4} "
      "DESC "
      "ON CONFLICT ({2}) DO {5}",
      options_.table_name(), fmt::join(columns_, ", "), fmt::join(key_, ", "),
      kStagedRows, kStagedNumber,
      changes.empty() ? "NOTHING"
                      : fmt::format("UPDATE SET {}", fmt::join(changes, ", ")));
}

Status LaneSession::end_copy() {
  if (!in_copy_) return Status::OK();
  buffer_ += CopyEncoder::trailer();
  ARROW_RETURN_NOT_OK(send({}));
  in_copy_ = false;
  ARROW_RETURN_NOT_OK(connection_->end_copy_in({}).status());
  if (key_.empty()) return Status::OK();
  if (changes_) return apply_changes();
  return connection_->execute(upsert_statement()).status();
}

Status LaneSession::apply_changes() {
  for (const std::string& statement : changes_->statements()) {
    ARROW_RETURN_NOT_OK(connection_->execute(statement).status());
  }
  const std::string missing = changes_->missing_rows();
  if (missing.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const ResultRows rows, connection_->execute(missing));
  if (rows.num_rows() == 0) return Status::OK();
  return make_error(
      ErrorKind::kSchemaMismatch,
      {.connector = "postgresql", .resource = options_.table_name()},
      fmt::format(
          "the row of key {} was updated at the source, which did not send all of "
          "it, and it is not here: another has deleted it, or it has only now come into "
          "the WHERE of this pipeline. Put it here as the source has it, and go on; "
          "ALTER "
          "TABLE … REPLICA IDENTITY FULL at the source has later ones sent whole",
          rows.text(0, 0)));
}

Status LaneSession::prepare(const CommitRecord& record, const CommitRecord& before,
                            int num_lanes) {
  ARROW_RETURN_NOT_OK(begin({}));
  ARROW_RETURN_NOT_OK(explain(end_copy()));
  const bool is_replaced = before.fingerprint.source != record.fingerprint.source;
  if (lane_ == 0 && is_replaced && !before.ahead.empty()) {
    ARROW_RETURN_NOT_OK(records_.forget_ahead(*connection_, record));
  }
  if (record.divided) {
    return records_.write_divided(*connection_, lane_, num_lanes, record);
  }
  return records_.write(*connection_, lane_, options_.key.empty() ? num_lanes : 1,
                        record);
}

Status LaneSession::commit() {
  const auto committed = connection_->execute("COMMIT");
  in_transaction_ = false;
  if (!committed.ok()) {
    // Without the server's word there is no telling.
    const ErrorContext* context = context_of(committed.status());
    if (context && !context->vendor_code.empty()) return committed.status();
    return make_error(
        ErrorKind::kCommitStateUnknown,
        {.connector = "postgresql", .resource = options_.shown},
        fmt::format("no answer to COMMIT; whether it was done is found out when "
                    "the pipeline goes on ({})",
                    committed.status().message()));
  }
  // COMMIT of a transaction that has failed is no error: its tag says ROLLBACK.
  if (committed->tag() == "COMMIT") return Status::OK();
  return make_error(ErrorKind::kConflict,
                    {.connector = "postgresql", .resource = options_.shown},
                    fmt::format("the server answered {} to COMMIT", committed->tag()));
}

}  // namespace velo::postgresql
