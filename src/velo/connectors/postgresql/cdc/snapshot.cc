#include "velo/connectors/postgresql/cdc/snapshot.h"

#include <fmt/format.h>

#include <utility>

#include "velo/connectors/postgresql/cdc/change_position.h"

namespace velo::postgresql {

Result<std::unique_ptr<Snapshot>> Snapshot::open(std::unique_ptr<Connection> connection,
                                                 const CapturedTable& table,
                                                 const std::string& name,
                                                 std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows now,
      connection->execute("SELECT (extract(epoch FROM now()) * 1000000)::bigint, "
                          "pg_current_wal_flush_lsn()"));
  ARROW_RETURN_NOT_OK(connection->execute("SET statement_timeout = 0").status());
  ARROW_RETURN_NOT_OK(
      connection->execute("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ").status());
  if (!name.empty()) {
    ARROW_RETURN_NOT_OK(
        connection->execute("SET TRANSACTION SNAPSHOT " + quote_literal(name)).status());
  }
  ARROW_RETURN_NOT_OK(connection->begin_copy_out(
      fmt::format("COPY (SELECT {} FROM {}.{}) TO STDOUT (FORMAT binary)",
                  table.select_list(), quote_identifier(table.schema),
                  quote_identifier(table.name)),
      std::move(stop)));
  std::unique_ptr<Snapshot> snapshot(new Snapshot(std::move(connection)));
  snapshot->at_ = now.number(0, 0);
  ARROW_ASSIGN_OR_RAISE(snapshot->end_, parse_lsn(now.text(0, 1)));
  return snapshot;
}

}  // namespace velo::postgresql
