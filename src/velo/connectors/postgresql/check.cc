#include "velo/connectors/postgresql/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "velo/connectors/postgresql/cdc/captured_table.h"
#include "velo/connectors/postgresql/cdc/replication_slot.h"
#include "velo/connectors/postgresql/client.h"

namespace velo::postgresql {
namespace {

using Outcome = Result<std::string>;

Status refuse(const PostgresqlOptions& options, std::string message,
              ErrorKind kind = ErrorKind::kPermissionDenied) {
  return make_error(kind, {.connector = "postgresql", .resource = options.shown},
                    std::move(message));
}

// A version as libpq and the server number it: 150014.
std::string version_text(int number) {
  constexpr int kMajor = 10'000;
  return fmt::format("{}.{}", number / kMajor, number % kMajor);
}

// nullptr where there is no way in, which was told.
std::unique_ptr<Connection> sign_in(const PostgresqlOptions& options, CheckReport& report,
                                    const std::stop_token& stop, std::string* user) {
  auto connection = Connection::open(options, "velo:check", stop);
  const auto describe = [&]() -> Outcome {
    ARROW_RETURN_NOT_OK(connection.status());
    (*connection)->set_stop(stop);
    ARROW_ASSIGN_OR_RAISE(const Libpq* library, libpq());
    ARROW_ASSIGN_OR_RAISE(
        const ResultRows rows,
        (*connection)
            ->execute("SELECT current_setting('server_version'), current_user, "
                      "coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = "
                      "pg_backend_pid()), false)"));
    *user = rows.text(0, 1);
    return fmt::format("PostgreSQL {}, as {}, {}, by libpq {}", rows.text(0, 0),
                       rows.text(0, 1),
                       rows.text(0, 2) == "t" ? "with TLS" : "without TLS",
                       version_text(library->libVersion()));
  };
  if (!report.tried("sign in", describe()).ok()) return nullptr;
  return *std::move(connection);
}

// For a table that is not there: the one that was most likely meant.
Status with_hint(Connection& connection, const PostgresqlOptions& options,
                 const Status& failure) {
  if (failure.ok() || kind_of(failure) != ErrorKind::kNotFound || options.table.empty()) {
    return failure;
  }
  const auto rows = connection.execute(
      "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND "
      "relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
      {options.schema});
  if (!rows.ok()) return failure;
  std::vector<std::string> names;
  for (int row = 0; row < rows->num_rows(); ++row) names.push_back(rows->text(row, 0));
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view near = nearest_name(options.table, known);
  if (near.empty()) return failure;
  return failure.WithMessage(
      fmt::format("{}; did you mean '{}'?", failure.message(), near));
}

Outcome may_read(Connection& connection, const PostgresqlOptions& options) {
  const std::string from = options.query.empty()
                               ? options.table_name()
                               : fmt::format("({}) AS query", options.query);
  ARROW_RETURN_NOT_OK(connection.execute("BEGIN READ ONLY").status());
  const Status read =
      connection.execute(fmt::format("SELECT * FROM {} LIMIT 0", from)).status();
  ARROW_RETURN_NOT_OK(connection.execute("ROLLBACK").status());
  ARROW_RETURN_NOT_OK(with_hint(connection, options, read));
  ARROW_ASSIGN_OR_RAISE(const auto columns, connection.describe("SELECT * FROM " + from));
  return fmt::format("{} columns", columns.size());
}

Outcome may_replicate(Connection& connection, const PostgresqlOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const ResultRows rows,
                        connection.execute("SELECT rolreplication OR rolsuper, rolname "
                                           "FROM pg_roles WHERE rolname = current_user"));
  if (rows.num_rows() == 1 && rows.text(0, 0) == "t") return "REPLICATION is granted";
  return refuse(options,
                fmt::format("ALTER ROLE {} REPLICATION lets it read changes",
                            rows.num_rows() == 1 ? quote_identifier(rows.text(0, 1))
                                                 : "this role"));
}

Outcome has_free_slot(Connection& connection, const PostgresqlOptions& options) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute("SELECT current_setting('max_replication_slots')::bigint - "
                         "count(*), count(*) FROM pg_replication_slots"));
  if (rows.number(0, 0) > 0) return fmt::format("{} are free", rows.number(0, 0));
  return refuse(options,
                fmt::format("all {} replication slots are taken: raise "
                            "max_replication_slots, or drop those that nobody reads "
                            "(pg_replication_slots)",
                            rows.number(0, 1)),
                ErrorKind::kInvalidArgument);
}

Outcome has_publication(Connection& connection, const PostgresqlOptions& options) {
  if (!options.publication.empty()) {
    ARROW_ASSIGN_OR_RAISE(
        const ResultRows rows,
        connection.execute("SELECT FROM pg_publication_tables WHERE pubname = $1 AND "
                           "schemaname = $2 AND tablename = $3",
                           {options.publication, options.schema, options.table}));
    if (rows.num_rows() > 0) return options.publication + " has the table";
    return refuse(options,
                  fmt::format("there is no publication '{}' with this table: CREATE "
                              "PUBLICATION {} FOR TABLE {}",
                              options.publication, quote_identifier(options.publication),
                              options.table_name()),
                  ErrorKind::kNotFound);
  }
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute("SELECT has_database_privilege(current_database(), 'CREATE'), "
                         "pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = "
                         "$1::regclass",
                         {options.table_name()}));
  const bool may_create = rows.text(0, 0) == "t";
  if (may_create && rows.text(0, 1) == "t") return "one may be made for the table";
  return refuse(
      options,
      fmt::format("a publication can be made only {}; its owner may say CREATE "
                  "PUBLICATION name FOR TABLE {}, and publication=name uses it",
                  may_create ? "by the table's owner" : "with CREATE on the database",
                  options.table_name()));
}

Outcome is_primary(Connection& connection, const PostgresqlOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const ResultRows rows,
                        connection.execute("SELECT pg_is_in_recovery()"));
  if (rows.text(0, 0) == "f") return "it takes writes";
  return refuse(options,
                "this server is a standby, which cannot be written; name the "
                "primary",
                ErrorKind::kInvalidArgument);
}

// Whether a table that is there may be used as `privileges` say, or one that is not may
// be made.
Outcome may_use_or_make(Connection& connection, const PostgresqlOptions& options,
                        const std::string& name, const std::string& user,
                        const std::vector<std::string>& privileges) {
  const std::string table =
      quote_identifier(options.schema) + "." + quote_identifier(name);
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows schema,
      connection.execute("SELECT has_schema_privilege(oid, 'USAGE'), "
                         "has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE "
                         "nspname = $1",
                         {options.schema}));
  if (schema.num_rows() == 0) {
    return refuse(options,
                  fmt::format("there is no schema '{}'; CREATE SCHEMA {} makes it",
                              options.schema, quote_identifier(options.schema)),
                  ErrorKind::kNotFound);
  }
  const std::string grant_on_schema = fmt::format(
      "ON SCHEMA {} TO {}", quote_identifier(options.schema), quote_identifier(user));
  if (schema.text(0, 0) != "t") return refuse(options, "GRANT USAGE " + grant_on_schema);
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows found,
      connection.execute("SELECT to_regclass($1) IS NOT NULL", {table}));
  if (found.text(0, 0) != "t") {
    if (schema.text(0, 1) == "t") return "it is not there, and may be made";
    return refuse(options, fmt::format("{} is not there, and may not be made: GRANT "
                                       "CREATE {}",
                                       table, grant_on_schema));
  }
  std::vector<std::string> missing;
  for (const std::string& privilege : privileges) {
    ARROW_ASSIGN_OR_RAISE(
        const ResultRows may,
        connection.execute("SELECT has_table_privilege($1, $2)", {table, privilege}));
    if (may.text(0, 0) != "t") missing.push_back(privilege);
  }
  if (missing.empty()) {
    return fmt::format("{} {} granted", fmt::join(privileges, ", "),
                       privileges.size() == 1 ? "is" : "are");
  }
  return refuse(options, fmt::format("GRANT {} ON {} TO {}", fmt::join(missing, ", "),
                                     table, quote_identifier(user)));
}

Outcome may_stage(Connection& connection, const PostgresqlOptions& options,
                  const std::string& user) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute("SELECT has_database_privilege(current_database(), 'TEMP'), "
                         "current_database()"));
  if (rows.text(0, 0) == "t") return "TEMP is granted";
  return refuse(options,
                fmt::format("GRANT TEMP ON DATABASE {} TO {}",
                            quote_identifier(rows.text(0, 1)), quote_identifier(user)));
}

}  // namespace

void check_reading(const PostgresqlOptions& options, CheckReport& report,
                   const std::stop_token& stop) {
  std::string user;
  const auto connection = sign_in(options, report, stop, &user);
  if (!connection) return;
  (void)report.tried(
      options.query.empty() ? "read " + options.table_name() : "read the query's rows",
      may_read(*connection, options));
}

void check_reading_changes(const PostgresqlOptions& options, CheckReport& report,
                           const std::stop_token& stop) {
  std::string user;
  const auto connection = sign_in(options, report, stop, &user);
  if (!connection) return;
  if (!report.tried("read " + options.table_name(), may_read(*connection, options))
           .ok()) {
    return;
  }
  const auto table = find_captured_table(*connection, options);
  const auto captured = [&]() -> Outcome {
    ARROW_RETURN_NOT_OK(table.status());
    ARROW_RETURN_NOT_OK(check_server(*connection, options, *table));
    return "wal_level is logical, and the table says which row was changed";
  };
  (void)report.tried("capture its changes", captured());
  (void)report.tried("replicate", may_replicate(*connection, options));
  (void)report.tried("replication slots", has_free_slot(*connection, options));
  (void)report.tried("publication", has_publication(*connection, options));
}

void check_writing(const PostgresqlOptions& options, CheckReport& report,
                   const std::stop_token& stop) {
  std::string user;
  const auto connection = sign_in(options, report, stop, &user);
  if (!connection) return;
  if (!report.tried("write to the server", is_primary(*connection, options)).ok()) return;
  std::vector<std::string> of_rows = {"INSERT"};
  if (!options.key.empty()) of_rows = {"SELECT", "INSERT", "UPDATE", "DELETE"};
  (void)report.tried("write " + options.table_name(),
                     may_use_or_make(*connection, options, options.table, user, of_rows));
  if (!options.key.empty()) {
    (void)report.tried("stage changes", may_stage(*connection, options, user));
  }
  for (const char* table : {"velo_checkpoint", "velo_split"}) {
    (void)report.tried(std::string("keep the record in ") + table,
                       may_use_or_make(*connection, options, table, user,
                                       {"SELECT", "INSERT", "UPDATE", "DELETE"}));
  }
}

}  // namespace velo::postgresql
