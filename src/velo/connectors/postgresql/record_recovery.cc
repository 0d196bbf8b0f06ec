#include <fmt/format.h>

#include <utility>

#include "velo/base/hex.h"
#include "velo/base/random_id.h"
#include "velo/connectors/postgresql/record_table.h"
#include "velo/version.h"

namespace velo::postgresql {
namespace {

constexpr int kMaxAttempts = 15;

std::string text_of(uint64_t number) { return std::to_string(number); }

// A record with what the row of the fence says: (fence, incarnation, ...).
CommitRecord begin_record(const std::string& pipeline, const ResultRows& fence) {
  CommitRecord record;
  record.pipeline = pipeline;
  record.fence = static_cast<uint64_t>(fence.number(0, 0));
  record.incarnation = fence.text(0, 1);
  return record;
}

}  // namespace

Status RecordTable::is_of_another_table(const std::string& other) const {
  return make_error(
      ErrorKind::kInvalidArgument, {.connector = "postgresql", .resource = pipeline_.id},
      fmt::format("the record of this pipeline is of the table {}, and not of {}; give "
                  "this one another name",
                  other, table_));
}

Result<std::vector<std::string>> RecordTable::list(Connection& connection,
                                                   const std::string& schema,
                                                   const std::string& table,
                                                   const std::string& prefix) {
  const auto rows = connection.execute(
      fmt::format("SELECT pipeline FROM {}.velo_checkpoint WHERE lane = {} AND target = "
                  "$1 AND starts_with(pipeline, $2) ORDER BY pipeline COLLATE \"C\"",
                  quote_identifier(schema), kFenceLane),
      {table, prefix});
  std::vector<std::string> pipelines;
  if (!rows.ok() && kind_of(rows.status()) == ErrorKind::kNotFound) return pipelines;
  ARROW_RETURN_NOT_OK(rows.status());
  for (int row = 0; row < rows->num_rows(); ++row) {
    pipelines.push_back(rows->text(row, 0));
  }
  return pipelines;
}

Result<std::vector<std::string>> RecordTable::missing_tables(
    Connection& connection) const {
  std::vector<std::string> missing;
  for (const std::string& table : {checkpoints_, splits_}) {
    ARROW_ASSIGN_OR_RAISE(const ResultRows rows,
                          connection.execute("SELECT to_regclass($1) IS NULL", {table}));
    if (rows.text(0, 0) == "t") missing.push_back(table);
  }
  return missing;
}

// In one snapshot, or a process that commits meanwhile would be seen in parts.
Result<CommitRecord> RecordTable::look(Connection& connection) const {
  ARROW_RETURN_NOT_OK(
      connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").status());
  auto record = try_to_look(connection);
  ARROW_RETURN_NOT_OK(connection.execute("ROLLBACK").status());
  if (!record.ok() && kind_of(record.status()) == ErrorKind::kNotFound) {
    return CommitRecord();
  }
  return record;
}

Result<CommitRecord> RecordTable::try_to_look(Connection& connection) const {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows fence,
      connection.execute(fmt::format("SELECT fence, incarnation, target FROM {} WHERE "
                                     "pipeline = $1 AND lane = {}",
                                     checkpoints_, kFenceLane),
                         {pipeline_.id}));
  if (fence.num_rows() == 0) return CommitRecord();
  if (fence.text(0, 2) != table_) return is_of_another_table(fence.text(0, 2));
  CommitRecord record = begin_record(pipeline_.id, fence);
  ARROW_RETURN_NOT_OK(read_lanes(connection, record, ""));
  ARROW_RETURN_NOT_OK(read_positions(connection, record).status());
  return record;
}

Result<CommitRecord> RecordTable::raise_fence(Connection& connection) const {
  for (int attempt = 1;; ++attempt) {
    auto record = try_to_raise_fence(connection);
    if (record.ok()) return record;
    const ErrorKind kind = kind_of(record.status());
    if (kind == ErrorKind::kTransient || kind == ErrorKind::kCancelled) return record;
    ARROW_RETURN_NOT_OK(connection.execute("ROLLBACK").status());
    if (attempt == kMaxAttempts) return record;
    if (kind == ErrorKind::kConflict) {
      ARROW_RETURN_NOT_OK(end_those_in_the_way(connection));
    } else if (kind == ErrorKind::kNotFound) {
      // Another run that has finished took the empty tables away.
      ARROW_RETURN_NOT_OK(create(connection));
    } else {
      return record;
    }
  }
}

Result<CommitRecord> RecordTable::try_to_raise_fence(Connection& connection) const {
  ARROW_RETURN_NOT_OK(connection.execute("BEGIN").status());
  ARROW_RETURN_NOT_OK(connection.execute("SET LOCAL lock_timeout = '2s'").status());
  ARROW_RETURN_NOT_OK(connection.execute("SET LOCAL synchronous_commit = on").status());
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows fence,
      connection.execute(
          fmt::format("INSERT INTO {0} AS c (pipeline, lane, fence, epoch, incarnation, "
                      "target, version) VALUES ($1, {1}, 1, 0, $2, $3, $4) "
                      "ON CONFLICT (pipeline, lane) DO UPDATE SET fence = c.fence + 1, "
                      "written_at = now() RETURNING fence, incarnation, target",
                      checkpoints_, kFenceLane),
          {pipeline_.id, random_id(), table_, std::string(version())}));
  if (fence.text(0, 2) != table_) return is_of_another_table(fence.text(0, 2));
  CommitRecord record = begin_record(pipeline_.id, fence);
  // Waits for COMMITs on their way: a plain read would not see them.
  ARROW_RETURN_NOT_OK(read_lanes(connection, record, "FOR UPDATE"));
  ARROW_RETURN_NOT_OK(
      connection
          .execute(
              fmt::format("UPDATE {} SET fence = $2, incarnation = $3 WHERE pipeline = "
                          "$1 AND lane >= 0",
                          checkpoints_),
              {pipeline_.id, text_of(record.fence), record.incarnation})
          .status());
  ARROW_RETURN_NOT_OK(connection.execute("COMMIT").status());
  return record;
}

Status RecordTable::read_lanes(Connection& connection, CommitRecord& record,
                               std::string_view lock) const {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows lanes,
      connection.execute(
          fmt::format("SELECT epoch, num_rows, finished, num_lanes, source, \"select\", "
                      "schema FROM {} WHERE pipeline = $1 AND lane >= 0 ORDER BY epoch "
                      "DESC, lane {}",
                      checkpoints_, lock),
          {pipeline_.id}));
  int64_t num_finished = 0;
  for (int lane = 0; lane < lanes.num_rows(); ++lane) {
    const auto epoch = static_cast<uint64_t>(lanes.number(lane, 0));
    record.num_rows += lanes.number(lane, 1);
    if (lane == 0) {
      record.epoch = epoch;
      record.fingerprint = {.source = lanes.text(lane, 4),
                            .select = lanes.text(lane, 5),
                            .schema = lanes.text(lane, 6)};
    }
    if (epoch == record.epoch && lanes.text(lane, 2) == "t") ++num_finished;
  }
  // Each lane commits for itself: the last epoch counts when all have.
  record.finished = num_finished > 0 && num_finished == lanes.number(0, 3);
  return Status::OK();
}

// Ends the processes of this pipeline that hold a lock on this record.
Status RecordTable::end_those_in_the_way(Connection& connection) const {
  return connection
      .execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
          "starts_with(application_name, $1) AND pid <> pg_backend_pid() AND pid IN "
          "(SELECT pid FROM pg_locks WHERE relation = $2::regclass AND database = "
          "(SELECT oid FROM pg_database WHERE datname = current_database()))",
          {fmt::format("velo:{}:", pipeline_.id), checkpoints_})
      .status();
}

// Ends the lanes of processes with lower fences. One whose client is gone without a word
// would hold its locks for ever: no time-out ends a COPY that waits for its client.
Status RecordTable::end_lanes_below(Connection& connection, uint64_t fence) const {
  return connection
      .execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
          "datname = current_database() AND application_name ~ $1 AND "
          "split_part(application_name, ':', 3)::numeric < $2",
          {fmt::format("^velo:{}:[0-9]+:[0-9]+:{}$", pipeline_.id, place_),
           text_of(fence)})
      .status();
}

Result<bool> RecordTable::read_positions(Connection& connection,
                                         CommitRecord& record) const {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute(fmt::format("SELECT split, encode(position, 'hex'), ended, "
                                     "pipeline FROM {} WHERE pipeline IN ($1, $2, $3)",
                                     splits_),
                         {pipeline_.id, ahead_name(record), begin_name(record)}));
  Positions begins;
  for (int row = 0; row < rows.num_rows(); ++row) {
    const std::string name = rows.text(row, 3);
    Positions& positions = name == pipeline_.id         ? record.positions
                           : name == ahead_name(record) ? record.ahead
                                                        : begins;
    positions[rows.text(row, 0)] = {
        .position = {hex_decode(rows.text(row, 1)).value_or("")},
        .ended = rows.text(row, 2) == "t"};
  }
  record.positions.merge(begins);
  const auto num_reached = std::erase_if(record.ahead, [&](const auto& ahead) {
    const auto at = record.positions.find(ahead.first);
    return at != record.positions.end() && at->second.position >= ahead.second.position;
  });
  return num_reached > 0 || !begins.empty();
}

// Positions that are set back later are not to be taken for those of a commit cut short.
Status RecordTable::forget_what_is_reached(Connection& connection,
                                           const CommitRecord& record) const {
  return connection
      .execute(
          fmt::format("DELETE FROM {0} AS known WHERE known.pipeline IN ($2, $3) AND "
                      "EXISTS (SELECT FROM {0} AS at WHERE at.pipeline = $1 AND "
                      "at.split = known.split AND (at.position >= known.position OR "
                      "known.pipeline = $3))",
                      splits_),
          {pipeline_.id, ahead_name(record), begin_name(record)})
      .status();
}

Status RecordTable::forget_ahead(Connection& connection,
                                 const CommitRecord& record) const {
  return connection
      .execute(fmt::format("DELETE FROM {} WHERE pipeline = $1", splits_),
               {ahead_name(record)})
      .status();
}

}  // namespace velo::postgresql
