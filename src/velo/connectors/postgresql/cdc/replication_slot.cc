#include "velo/connectors/postgresql/cdc/replication_slot.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "velo/base/clock.h"
#include "velo/base/random_id.h"

namespace velo::postgresql {
namespace {

using std::chrono::milliseconds;

constexpr int kOldestVersion = 140'000;
constexpr milliseconds kLookAgain{100};
constexpr std::chrono::seconds kLongestHold{10};
constexpr int kMaxAttempts = 20;
constexpr std::string_view kObjectInUse = "55006";
constexpr std::string_view kUndefinedObject = "42704";
constexpr std::string_view kInternalError = "XX000";

Status refuse(ErrorKind kind, const PostgresqlOptions& options, std::string message) {
  return make_error(kind, {.connector = "postgresql", .resource = options.shown},
                    std::move(message));
}

Status position_lost(const std::string& split, const ChangePosition& from,
                     std::string message) {
  return make_error(
      ErrorKind::kPositionLost,
      {.connector = "postgresql", .resource = split, .position = lsn_text(from.lsn)},
      fmt::format("this is where the last run got to, and {}. Another name "
                  "begins anew, with a snapshot",
                  message));
}

bool has_code(const Status& status, std::string_view code) {
  const auto* context = status.ok() ? nullptr : context_of(status);
  return context && context->vendor_code == code;
}

Status overtaken(const SlotNames& names) {
  return make_error(
      ErrorKind::kFenced, {.connector = "postgresql", .resource = names.reader},
      fmt::format("a newer run of this pipeline has taken over (fence {} is "
                  "ours); this one has stopped and committed nothing more",
                  names.process));
}

std::string beginning_of(const SlotNames& names) { return "velo_" + names.reader + "_"; }

// The numbers of the processes that have made a slot, or a publication, from the lowest
// on.
Result<std::vector<uint64_t>> find_makers(Connection& connection, const SlotNames& names,
                                          bool of_slots) {
  std::vector<uint64_t> makers;
  if (of_slots ? !names.owns_slot : !names.owns_publication) return makers;
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute(
          fmt::format("SELECT substr(name, length($1) + 1)::numeric(18) AS maker FROM "
                      "(SELECT {}) AS made WHERE name ~ ('^' || $1 || '[0-9]{{1,18}}$') "
                      "ORDER BY maker",
                      of_slots ? "slot_name AS name FROM pg_replication_slots WHERE "
                                 "database = current_database()"
                               : "pubname AS name FROM pg_publication"),
          {beginning_of(names)}));
  for (int row = 0; row < rows.num_rows(); ++row) {
    makers.push_back(static_cast<uint64_t>(rows.number(row, 0)));
  }
  return makers;
}

// Ends who holds the slot where that is this process or an earlier one, and waits until
// it is free.
Status free_slot(Connection& connection, const PostgresqlOptions& options,
                 const SlotNames& names, const std::stop_token& stop) {
  const auto end = steady_clock().now() + kLongestHold;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(
        const ResultRows rows,
        connection.execute(
            "SELECT pid, application, holder > $3::numeric, holder <= $3::numeric AND "
            "pg_terminate_backend(pid) FROM (SELECT s.active_pid AS pid, "
            "a.application_name AS application, CASE WHEN a.application_name ~ ('^velo:' "
            "|| $2 || ':[0-9]+:cdc$') THEN split_part(a.application_name, ':', "
            "3)::numeric END AS holder FROM pg_replication_slots s LEFT JOIN "
            "pg_stat_activity a ON a.pid = s.active_pid WHERE s.slot_name = $1 AND "
            "s.active) AS held",
            {names.slot, names.reader, std::to_string(names.process)}, stop));
    if (rows.num_rows() == 0) return Status::OK();
    if (rows.text(0, 2) == "t") return overtaken(names);
    const bool is_ours = !rows.is_null(0, 2) || rows.is_null(0, 1);
    if (!is_ours || steady_clock().now() >= end) {
      return refuse(ErrorKind::kConflict, options,
                    fmt::format("slot '{}' is being read by another (process {}, '{}'); "
                                "slot=NAME names one of this pipeline's own",
                                names.slot, rows.text(0, 0), rows.text(0, 1)));
    }
    if (!steady_clock().wait_for(kLookAgain, stop)) {
      return refuse(ErrorKind::kCancelled, options, "stopped");
    }
  }
}

Status check_publication(const PostgresqlOptions& options, const CapturedTable& table,
                         const SlotNames& names, const ChangePosition* from,
                         const ResultRows& rows) {
  if (from && rows.text(0, 1) != "t") {
    // To add it again would let what was changed meanwhile be missed.
    return make_error(
        ErrorKind::kPositionLost,
        {.connector = "postgresql",
         .resource = table.split(),
         .position = lsn_text(from->lsn)},
        fmt::format("publication '{}' does not have the table any more, and what has "
                    "changed since it was taken out was not kept; another name begins "
                    "anew, with a snapshot",
                    names.publication));
  }
  std::string problem;
  if (rows.text(0, 0) != "t") {
    problem = "leaves out inserts, updates, deletes or truncates";
  } else if (rows.text(0, 1) != "t") {
    problem = fmt::format("does not have the table; ALTER PUBLICATION {} ADD TABLE {}",
                          quote_identifier(names.publication), options.table_name());
  } else if (!rows.is_null(0, 2)) {
    problem = "leaves out rows by a WHERE, which the snapshot would not";
  }
  if (problem.empty()) return Status::OK();
  return make_error(ErrorKind::kInvalidArgument,
                    {.connector = "postgresql", .resource = table.split()},
                    fmt::format("publication '{}' {}", names.publication, problem));
}

Status create_publication(Connection& connection, const PostgresqlOptions& options,
                          const SlotNames& names) {
  const std::string statement =
      fmt::format("CREATE PUBLICATION {} FOR TABLE {}",
                  quote_identifier(names.publication), options.table_name());
  const Status status = connection.execute(statement).status();
  if (status.ok() || kind_of(status) != ErrorKind::kPermissionDenied) return status;
  return refuse(
      ErrorKind::kPermissionDenied, options,
      fmt::format("{}; the table's owner may say {}, and publication={} uses it",
                  status.message(), statement, names.publication));
}

}  // namespace

SlotNames SlotNames::of(const PostgresqlOptions& options, const std::string& reader,
                        uint64_t process) {
  const bool is_temporary = reader.empty();
  return SlotNames{.slot = options.slot,
                   .publication = options.publication,
                   .reader = is_temporary ? "reader_" + random_id() : reader,
                   .process = process,
                   .owns_slot = options.slot.empty() || is_temporary,
                   .owns_publication = options.publication.empty(),
                   .is_temporary = is_temporary}
      .made_by(process);
}

SlotNames SlotNames::made_by(uint64_t other) const {
  SlotNames names = *this;
  const std::string name = beginning_of(*this) + std::to_string(other);
  if (owns_slot) names.slot = name;
  if (owns_publication) names.publication = name;
  return names;
}

std::string SlotNames::application() const {
  return fmt::format("velo:{}:{}:cdc", reader, process);
}

// A publication without a slot was made by who has not read yet; it tells how the slot
// was called where the slot was dropped.
Result<uint64_t> find_maker_in_use(Connection& connection, const SlotNames& names) {
  ARROW_ASSIGN_OR_RAISE(const auto slots, find_makers(connection, names, true));
  ARROW_ASSIGN_OR_RAISE(const auto publications, find_makers(connection, names, false));
  if (!slots.empty()) return slots.back();
  return publications.empty() ? names.process : publications.back();
}

Status drop_made_below(uint64_t process, Connection& connection,
                       const PostgresqlOptions& options, const SlotNames& names,
                       std::stop_token stop) {
  for (const bool of_slots : {true, false}) {
    ARROW_ASSIGN_OR_RAISE(const auto makers, find_makers(connection, names, of_slots));
    for (const uint64_t maker : makers) {
      if (maker >= process) continue;
      const SlotNames made = names.made_by(maker);
      ARROW_RETURN_NOT_OK(of_slots ? drop_slot(connection, options, made, stop)
                                   : drop_publication(connection, made));
    }
  }
  return Status::OK();
}

Status check_is_newest(Connection& connection, const SlotNames& names) {
  for (const bool of_slots : {true, false}) {
    ARROW_ASSIGN_OR_RAISE(const auto makers, find_makers(connection, names, of_slots));
    if (!makers.empty() && makers.back() > names.process) return overtaken(names);
  }
  return Status::OK();
}

Status check_server(Connection& connection, const PostgresqlOptions& options,
                    const CapturedTable& table) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute("SELECT current_setting('server_version_num'), "
                         "current_setting('wal_level'), pg_is_in_recovery()"));
  if (rows.number(0, 0) < kOldestVersion) {
    return refuse(ErrorKind::kNotImplemented, options,
                  "cdc=true needs PostgreSQL 14 or newer");
  }
  if (rows.text(0, 1) != "logical") {
    return refuse(ErrorKind::kInvalidArgument, options,
                  fmt::format("wal_level is {}, and cdc=true needs logical: ALTER SYSTEM "
                              "SET wal_level = logical, and start the server again",
                              rows.text(0, 1)));
  }
  if (rows.text(0, 2) == "t") {
    return refuse(ErrorKind::kInvalidArgument, options,
                  "this server is a standby; cdc=true reads the primary, as yet");
  }
  if (table.has_identity) return Status::OK();
  return make_error(
      ErrorKind::kInvalidArgument, {.connector = "postgresql", .resource = table.split()},
      fmt::format("the table has no replica identity, and PostgreSQL would refuse every "
                  "UPDATE and DELETE once it is published; give it a primary key, or: "
                  "ALTER TABLE {} REPLICA IDENTITY FULL",
                  options.table_name()));
}

Status ensure_publication(Connection& connection, const PostgresqlOptions& options,
                          const CapturedTable& table, const SlotNames& names,
                          const ChangePosition* from) {
  for (const bool may_create : {true, false}) {
    ARROW_ASSIGN_OR_RAISE(
        const ResultRows rows,
        connection.execute(
            "SELECT p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate, "
            "t.pubname IS NOT NULL, to_jsonb(t) ->> 'rowfilter' FROM pg_publication p "
            "LEFT JOIN pg_publication_tables t ON t.pubname = p.pubname AND t.schemaname "
            "= $2 AND t.tablename = $3 WHERE p.pubname = $1",
            {names.publication, table.schema, table.name}));
    if (rows.num_rows() > 0 || !may_create) {
      return check_publication(options, table, names, from, rows);
    }
    ARROW_RETURN_NOT_OK(create_publication(connection, options, names));
  }
  return Status::OK();
}

Result<NewSlot> create_slot(Connection& connection, Connection& replication,
                            const PostgresqlOptions& options, const SlotNames& names,
                            std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows found,
      connection.execute("SELECT FROM pg_replication_slots WHERE slot_name = $1",
                         {names.slot}));
  if (found.num_rows() > 0) {
    return refuse(ErrorKind::kAlreadyExists, options,
                  fmt::format("slot '{0}' is there, and this pipeline has not read from "
                              "it: name another, or, if nobody needs it, SELECT "
                              "pg_drop_replication_slot('{0}')",
                              names.slot));
  }
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      replication.command(
          fmt::format("CREATE_REPLICATION_SLOT {} {}LOGICAL pgoutput EXPORT_SNAPSHOT",
                      quote_identifier(names.slot),
                      names.is_temporary ? "TEMPORARY " : ""),
          std::move(stop)));
  NewSlot slot{.snapshot = rows.text(0, 2)};
  ARROW_ASSIGN_OR_RAISE(slot.begin, parse_lsn(rows.text(0, 1)));
  return slot;
}

Status check_slot(Connection& connection, const PostgresqlOptions& options,
                  const SlotNames& names, const std::string& split,
                  const ChangePosition& from, std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute("SELECT plugin, database = current_database(), "
                         "confirmed_flush_lsn, wal_status, pg_current_wal_flush_lsn() "
                         "FROM pg_replication_slots WHERE slot_name = $1",
                         {names.slot}));
  if (rows.num_rows() == 0) {
    return position_lost(split, from,
                         fmt::format("slot '{}', which kept what came after it, was "
                                     "dropped",
                                     names.slot));
  }
  if (rows.text(0, 0) != "pgoutput" || rows.text(0, 1) != "t") {
    return position_lost(split, from,
                         fmt::format("slot '{}' is another's now: of another database, "
                                     "or not of pgoutput",
                                     names.slot));
  }
  if (rows.text(0, 3) == "lost") {
    return position_lost(
        split, from,
        fmt::format("slot '{}' was invalidated: the server has removed the write-ahead "
                    "log that it needs (max_slot_wal_keep_size)",
                    names.slot));
  }
  ARROW_ASSIGN_OR_RAISE(const uint64_t confirmed, parse_lsn(rows.text(0, 2)));
  if (confirmed > from.lsn) {
    return position_lost(split, from,
                         fmt::format("slot '{}' has only what came after {}: was it made "
                                     "anew, or read by another?",
                                     names.slot, lsn_text(confirmed)));
  }
  ARROW_ASSIGN_OR_RAISE(const uint64_t end, parse_lsn(rows.text(0, 4)));
  if (end < from.lsn) {
    return position_lost(split, from,
                         fmt::format("the server's log ends at {}: was it restored from "
                                     "a backup?",
                                     lsn_text(end)));
  }
  return free_slot(connection, options, names, stop);
}

Status drop_slot(Connection& connection, const PostgresqlOptions& options,
                 const SlotNames& names, std::stop_token stop) {
  for (int attempt = 1;; ++attempt) {
    ARROW_RETURN_NOT_OK(free_slot(connection, options, names, stop));
    const Status dropped = connection
                               .execute(
                                   "SELECT pg_drop_replication_slot(slot_name) FROM "
                                   "pg_replication_slots WHERE slot_name = $1",
                                   {names.slot})
                               .status();
    // Another process of ours may drop it too, or begin to read from it.
    if (has_code(dropped, kUndefinedObject)) return Status::OK();
    if (!has_code(dropped, kObjectInUse) || attempt == kMaxAttempts) return dropped;
  }
}

Status drop_publication(Connection& connection, const SlotNames& names) {
  if (!names.owns_publication) return Status::OK();
  for (int attempt = 1;; ++attempt) {
    const Status dropped = connection
                               .execute(fmt::format("DROP PUBLICATION IF EXISTS {}",
                                                    quote_identifier(names.publication)))
                               .status();
    // Two that drop it at once meet in the catalog ("tuple concurrently deleted").
    if (!has_code(dropped, kInternalError) || attempt == kMaxAttempts) return dropped;
  }
}

}  // namespace velo::postgresql
