#include "velo/connectors/postgresql/record_table.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "velo/base/hex.h"
#include "velo/base/random_id.h"
#include "velo/base/sha256.h"
#include "velo/version.h"

namespace velo::postgresql {
namespace {

constexpr int kFenceLane = -1;
constexpr int kMaxAttempts = 15;

std::string text_of(uint64_t number) { return std::to_string(number); }

// A list as PostgreSQL writes an array: {"a","b\"c"}.
class ArrayText {
 public:
  void append(std::string_view item) {
    text_ += text_.size() > 1 ? ",\"" : "\"";
    for (const char c : item) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  std::string finish() && { return std::move(text_) + "}"; }

 private:
  std::string text_ = "{";
};

}  // namespace

RecordTable::RecordTable(const std::string& schema, std::string table,
                         PipelineIdentity pipeline)
    : table_(std::move(table)),
      pipeline_(std::move(pipeline)),
      place_(sha256_hex(schema).substr(0, 8)),
      checkpoints_(quote_identifier(schema) + ".velo_checkpoint"),
      splits_(quote_identifier(schema) + ".velo_split") {}

std::string RecordTable::lane_name(const CommitRecord& record, int lane) const {
  return fmt::format("velo:{}:{}:{}:{}", pipeline_.id, record.fence, lane, place_);
}

Status RecordTable::create(Connection& connection) const {
  const std::string checkpoints = fmt::format(
      "CREATE TABLE IF NOT EXISTS {} (pipeline text NOT NULL, lane int NOT NULL, "
      "fence bigint NOT NULL, epoch bigint NOT NULL, incarnation text NOT NULL, "
      "num_lanes int NOT NULL DEFAULT 0, source text NOT NULL DEFAULT '', "
      "\"select\" text NOT NULL DEFAULT '', schema text NOT NULL DEFAULT '', "
      "target text NOT NULL DEFAULT '', "
      "num_rows bigint NOT NULL DEFAULT 0, finished boolean NOT NULL DEFAULT false, "
      "written_at timestamptz NOT NULL DEFAULT now(), version text NOT NULL, "
      "PRIMARY KEY (pipeline, lane)) WITH (fillfactor = 50)",
      checkpoints_);
  const std::string splits = fmt::format(
      "CREATE TABLE IF NOT EXISTS {} (pipeline text NOT NULL, split text NOT NULL, "
      "position bytea NOT NULL, ended boolean NOT NULL, PRIMARY KEY (pipeline, split)) "
      "WITH (fillfactor = 50)",
      splits_);
  for (const std::string& sql : {checkpoints, splits}) {
    Status status = connection.execute(sql).status();
    // Two that make it at once meet in the catalog's own index.
    if (!status.ok() && context_of(status) &&
        context_of(status)->vendor_code == "23505") {
      status = connection.execute(sql).status();
    }
    ARROW_RETURN_NOT_OK(status);
  }
  return Status::OK();
}

Status RecordTable::is_of_another_table(const std::string& other) const {
  return make_error(
      ErrorKind::kInvalidArgument, {.connector = "postgresql", .resource = pipeline_.id},
      fmt::format("the record of this pipeline is of the table {}, and not of {}; give "
                  "this one another name",
                  other, table_));
}

Result<CommitRecord> RecordTable::raise_fence(Connection& connection) const {
  for (int attempt = 1;; ++attempt) {
    auto record = try_to_raise_fence(connection);
    if (record.ok()) return record;
    ARROW_RETURN_NOT_OK(connection.execute("ROLLBACK").status());
    if (attempt == kMaxAttempts) return record;
    if (kind_of(record.status()) == ErrorKind::kConflict) {
      ARROW_RETURN_NOT_OK(
          end_lanes_below(connection, std::numeric_limits<uint64_t>::max()));
    } else if (kind_of(record.status()) == ErrorKind::kNotFound) {
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
  CommitRecord record;
  record.pipeline = pipeline_.id;
  record.fence = static_cast<uint64_t>(fence.number(0, 0));
  record.incarnation = fence.text(0, 1);
  // Waits for COMMITs on their way: a plain read would not see them.
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows lanes,
      connection.execute(
          fmt::format("SELECT epoch, num_rows, finished, num_lanes, source, \"select\", "
                      "schema FROM {} WHERE pipeline = $1 AND lane >= 0 ORDER BY epoch "
                      "DESC, lane FOR UPDATE",
                      checkpoints_),
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
  ARROW_RETURN_NOT_OK(
      connection
          .execute(
              fmt::format("UPDATE {} SET fence = $2 WHERE pipeline = $1 AND lane >= 0",
                          checkpoints_),
              {pipeline_.id, text_of(record.fence)})
          .status());
  ARROW_RETURN_NOT_OK(connection.execute("COMMIT").status());
  return record;
}

// Ends the lanes of processes with lower fences. One whose client is gone without a word
// would hold its locks for ever: no time-out ends a COPY that waits for its client.
Status RecordTable::end_lanes_below(Connection& connection, uint64_t fence) const {
  return connection
      .execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
          "datname = current_database() AND application_name ~ $1 AND "
          "split_part(application_name, ':', 3)::numeric < $2 AND "
          "pid <> pg_backend_pid()",
          {fmt::format("^velo:{}:[0-9]+:[0-9]+:{}$", pipeline_.id, place_),
           text_of(fence)})
      .status();
}

Status RecordTable::read_positions(Connection& connection, CommitRecord& record) const {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute(fmt::format("SELECT split, encode(position, 'hex'), ended FROM "
                                     "{} WHERE pipeline = $1",
                                     splits_),
                         {pipeline_.id}));
  for (int row = 0; row < rows.num_rows(); ++row) {
    record.positions[rows.text(row, 0)] = {
        .position = {hex_decode(rows.text(row, 1)).value_or("")},
        .ended = rows.text(row, 2) == "t"};
  }
  return Status::OK();
}

Status RecordTable::add_lane(Connection& connection, int lane,
                             const CommitRecord& record) const {
  return connection
      .execute(
          fmt::format("INSERT INTO {} (pipeline, lane, fence, epoch, incarnation, "
                      "version) VALUES ($1, $2, $3, 0, $4, $5) ON CONFLICT DO NOTHING",
                      checkpoints_),
          {pipeline_.id, std::to_string(lane), text_of(record.fence), record.incarnation,
           std::string(version())})
      .status();
}

Status RecordTable::write(Connection& connection, int lane, int num_lanes,
                          const CommitRecord& record) const {
  if (!record.positions.empty()) {
    ArrayText splits;
    ArrayText positions;
    ArrayText ended;
    for (const auto& [split, progress] : record.positions) {
      splits.append(split);
      positions.append(hex_encode(progress.position.bytes));
      ended.append(progress.ended ? "t" : "f");
    }
    ARROW_RETURN_NOT_OK(
        connection
            .execute(
                fmt::format(
                    "INSERT INTO {} SELECT $1, split, decode(at, 'hex'), ended FROM "
                    "unnest($2::text[], $3::text[], $4::boolean[]) AS moved(split, at, "
                    "ended) ON CONFLICT (pipeline, split) DO UPDATE SET position = "
                    "excluded.position, ended = excluded.ended",
                    splits_),
                {pipeline_.id, std::move(splits).finish(), std::move(positions).finish(),
                 std::move(ended).finish()})
            .status());
  }
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows updated,
      connection.execute(
          fmt::format("UPDATE {} SET epoch = $4, num_lanes = $5, source = $6, \"select\" "
                      "= $7, schema = $8, num_rows = num_rows + $9, finished = $10, "
                      "written_at = now(), version = $11 WHERE pipeline = $1 AND lane = "
                      "$2 AND fence = $3",
                      checkpoints_),
          {pipeline_.id, std::to_string(lane), text_of(record.fence),
           text_of(record.epoch), std::to_string(num_lanes), record.fingerprint.source,
           record.fingerprint.select, record.fingerprint.schema,
           std::to_string(record.num_rows), record.finished ? "t" : "f",
           std::string(version())}));
  if (updated.num_touched() == 1) return Status::OK();
  return make_error(
      ErrorKind::kFenced, {.connector = "postgresql", .resource = pipeline_.id},
      fmt::format("a newer run of this pipeline has taken over (fence {} is "
                  "ours); this one has stopped and committed nothing more",
                  record.fence));
}

Status RecordTable::forget(Connection& connection) const {
  for (const std::string& table : {splits_, checkpoints_}) {
    ARROW_RETURN_NOT_OK(
        connection
            .execute(fmt::format("DELETE FROM {} WHERE pipeline = $1", table),
                     {pipeline_.id})
            .status());
  }
  // Tables that no pipeline needs go too; where another holds them they stay.
  const std::string drop = fmt::format(
      "DO $$ BEGIN LOCK TABLE {0}, {1} IN ACCESS EXCLUSIVE MODE NOWAIT; IF NOT EXISTS "
      "(SELECT FROM {0}) THEN DROP TABLE {0}, {1}; END IF; EXCEPTION WHEN "
      "lock_not_available OR insufficient_privilege OR undefined_table THEN NULL; END $$",
      checkpoints_, splits_);
  return connection.execute(drop).status();
}

}  // namespace velo::postgresql
