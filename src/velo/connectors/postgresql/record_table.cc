#include "velo/connectors/postgresql/record_table.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/hex.h"
#include "velo/base/sha256.h"
#include "velo/version.h"

namespace velo::postgresql {
namespace {

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

std::string RecordTable::lane_name(const CommitRecord& record, int lane) const {
  return fmt::format("velo:{}:{}:{}:{}", pipeline_.id, record.fence, lane, place_);
}

Status RecordTable::add_lane(Connection& connection, int lane,
                             const CommitRecord& record) const {
  return connection
      .execute(
          fmt::format("INSERT INTO {0} (pipeline, lane, fence, epoch, incarnation, "
                      "version) SELECT pipeline, $2::int, fence, 0, incarnation, $5 FROM "
                      "{0} WHERE pipeline = $1 AND lane = {1} AND fence = $3 AND "
                      "incarnation = $4 FOR SHARE ON CONFLICT DO NOTHING",
                      checkpoints_, kFenceLane),
          {pipeline_.id, std::to_string(lane), text_of(record.fence), record.incarnation,
           std::string(version())})
      .status();
}

// No pipeline has such a name.
std::string RecordTable::ahead_name(const CommitRecord& record) const {
  return fmt::format("{}:{}:ahead", pipeline_.id, record.incarnation);
}

// The last lane would wait for a row of the position itself.
std::string RecordTable::begin_name(const CommitRecord& record) const {
  return fmt::format("{}:{}:begin", pipeline_.id, record.incarnation);
}

Status RecordTable::keep(Connection& connection, const std::string& name,
                         const Positions& kept) const {
  if (kept.empty()) return Status::OK();
  ArrayText splits;
  ArrayText positions;
  ArrayText ended;
  for (const auto& [split, progress] : kept) {
    splits.append(split);
    positions.append(hex_encode(progress.position.bytes));
    ended.append(progress.ended ? "t" : "f");
  }
  return connection
      .execute(
          fmt::format("INSERT INTO {} SELECT $1, split, decode(at, 'hex'), ended FROM "
                      "unnest($2::text[], $3::text[], $4::boolean[]) AS moved(split, at, "
                      "ended) ON CONFLICT (pipeline, split) DO UPDATE SET position = "
                      "excluded.position, ended = excluded.ended",
                      splits_),
          {name, std::move(splits).finish(), std::move(positions).finish(),
           std::move(ended).finish()})
      .status();
}

Status RecordTable::write_divided(Connection& connection, int lane, int num_lanes,
                                  const CommitRecord& record) const {
  if (lane == 0) {
    ARROW_RETURN_NOT_OK(keep(connection, begin_name(record), record.begins));
    ARROW_RETURN_NOT_OK(keep(connection, ahead_name(record), record.positions));
  }
  if (lane == num_lanes - 1) return write(connection, lane, num_lanes, record);
  CommitRecord without_rows = record;
  without_rows.positions.clear();
  without_rows.num_rows = 0;
  return write(connection, lane, num_lanes, without_rows);
}

Status RecordTable::write(Connection& connection, int lane, int num_lanes,
                          const CommitRecord& record) const {
  ARROW_RETURN_NOT_OK(keep(connection, pipeline_.id, record.positions));
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows updated,
      connection.execute(
          fmt::format("UPDATE {} SET epoch = $4, num_lanes = $5, source = $6, \"select\" "
                      "= $7, schema = $8, num_rows = num_rows + $9, finished = $10, "
                      "written_at = now(), version = $11 WHERE pipeline = $1 AND lane = "
                      "$2 AND fence = $3 AND incarnation = $12",
                      checkpoints_),
          {pipeline_.id, std::to_string(lane), text_of(record.fence),
           text_of(record.epoch), std::to_string(num_lanes), record.fingerprint.source,
           record.fingerprint.select, record.fingerprint.schema,
           std::to_string(record.num_rows), record.finished ? "t" : "f",
           std::string(version()), record.incarnation}));
  if (updated.num_touched() == 1) return Status::OK();
  return fenced(record);
}

Status RecordTable::fenced(const CommitRecord& record) {
  return make_error(
      ErrorKind::kFenced, {.connector = "postgresql", .resource = record.pipeline},
      fmt::format("a newer run of this pipeline has taken over (fence {} is "
                  "ours); this one has stopped and committed nothing more",
                  record.fence));
}

Result<bool> RecordTable::is_newest(Connection& connection,
                                    const CommitRecord& record) const {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute(fmt::format("SELECT FROM {} WHERE pipeline = $1 AND lane = {} "
                                     "AND fence = $2 AND incarnation = $3",
                                     checkpoints_, kFenceLane),
                         {pipeline_.id, text_of(record.fence), record.incarnation}));
  return rows.num_rows() == 1;
}

// Whoever has the row of the fence has the record.
Status RecordTable::remove(Connection& connection, const CommitRecord& record) const {
  ARROW_RETURN_NOT_OK(connection.execute("BEGIN").status());
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows fence,
      connection.execute(fmt::format("DELETE FROM {} WHERE pipeline = $1 AND lane = {} "
                                     "AND fence = $2 AND incarnation = $3",
                                     checkpoints_, kFenceLane),
                         {pipeline_.id, text_of(record.fence), record.incarnation}));
  if (fence.num_touched() == 1) {
    for (const std::string& table : {splits_, checkpoints_}) {
      ARROW_RETURN_NOT_OK(
          connection
              .execute(
                  fmt::format("DELETE FROM {} WHERE pipeline IN ($1, $2, $3)", table),
                  {pipeline_.id, ahead_name(record), begin_name(record)})
              .status());
    }
  }
  return connection.execute("COMMIT").status();
}

Status RecordTable::forget(Connection& connection, const CommitRecord& record) const {
  const Status removed = remove(connection, record);
  if (kind_of(removed) == ErrorKind::kNotFound) {
    // Another run that has finished took the empty tables away.
    return connection.execute("ROLLBACK").status();
  }
  ARROW_RETURN_NOT_OK(removed);
  // Tables that no pipeline needs go too; where another holds them they stay.
  const std::string drop = fmt::format(
      "DO $$ BEGIN LOCK TABLE {0}, {1} IN ACCESS EXCLUSIVE MODE NOWAIT; IF NOT EXISTS "
      "(SELECT FROM {0}) THEN DROP TABLE {0}, {1}; END IF; EXCEPTION WHEN "
      "lock_not_available OR insufficient_privilege OR undefined_table THEN NULL; END $$",
      checkpoints_, splits_);
  const Status dropped = connection.execute(drop).status();
  // The record is gone, which is what counts: who failed now would be run again.
  return kind_of(dropped) == ErrorKind::kTransient ? Status::OK() : dropped;
}

}  // namespace velo::postgresql
