#include "velo/sql/duckdb_connection.h"

#include <fmt/format.h>

#include <array>
#include <thread>
#include <utility>

#include "velo/sql/duckdb_error.h"

namespace velo::sql {
namespace {

using Setting = std::pair<const char*, std::string>;

// Text of our own, for what goes wrong in statements that no user wrote.
SqlText own_text(const std::string& sql) {
  return {std::make_shared<const Script>("DuckDB", sql), 0, sql.size()};
}

}  // namespace

DuckdbDatabase::~DuckdbDatabase() {
  std::thread([this] { database_.reset(); }).join();
}

Status DuckdbDatabase::open(int64_t memory_bytes, int num_threads,
                            const std::string& temporary_folder) {
  const std::array<Setting, 7> settings = {{
      {"memory_limit", fmt::format("{}B", memory_bytes)},
      {"threads", std::to_string(num_threads)},
      {"temp_directory", temporary_folder},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},
      {"errors_as_json", "true"},
  }};
  DuckdbHandle<duckdb_config> config(library_.destroy_config);
  if (library_.create_config(config.out()) != DuckDBSuccess) {
    return make_error(ErrorKind::kSystem, {}, "DuckDB cannot be configured");
  }
  for (const auto& [name, value] : settings) {
    if (library_.set_config(config.get(), name, value.c_str()) != DuckDBSuccess) {
      return make_error(ErrorKind::kInternal, {},
                        fmt::format("DuckDB has no setting {} = {}", name, value));
    }
  }
  char* error = nullptr;
  if (library_.open_ext(nullptr, database_.out(), config.get(), &error) ==
      DuckDBSuccess) {
    return Status::OK();
  }
  Status status =
      make_error(ErrorKind::kSystem, {},
                 fmt::format("DuckDB does not start: {}", error ? error : "?"));
  library_.free(error);
  return status;
}

DuckdbConnection* DuckdbDatabase::find(uint64_t id) const {
  std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

DuckdbConnection::DuckdbConnection(DuckdbDatabase& database,
                                   std::shared_ptr<StatementSources> sources)
    : database_(database),
      sources_(std::move(sources)),
      connection_(database.library().disconnect),
      conversion_(database.library().disconnect) {}

Result<std::unique_ptr<DuckdbConnection>> DuckdbConnection::open(
    DuckdbDatabase& database, std::shared_ptr<StatementSources> sources) {
  std::unique_ptr<DuckdbConnection> made(
      new DuckdbConnection(database, std::move(sources)));
  const DuckdbLibrary& library = database.library();
  if (library.connect(database.get(), made->connection_.out()) != DuckDBSuccess ||
      library.connect(database.get(), made->conversion_.out()) != DuckDBSuccess) {
    return make_error(ErrorKind::kSystem, {}, "DuckDB gives no connection");
  }
  DuckdbHandle<duckdb_client_context> context(library.destroy_client_context);
  library.connection_get_client_context(made->get(), context.out());
  made->id_ = library.client_context_get_connection_id(context.get());
  std::lock_guard lock(database.mutex_);
  database.connections_[made->id_] = made.get();
  return made;
}

DuckdbConnection::~DuckdbConnection() {
  {
    std::lock_guard lock(database_.mutex_);
    database_.connections_.erase(id_);
  }
  connection_.reset();
}

void DuckdbConnection::stop() {
  stop_.request_stop();
  library().interrupt(get());
}

void DuckdbConnection::fail(const Status& status) {
  std::lock_guard lock(mutex_);
  if (error_.ok()) error_ = status;
}

Status DuckdbConnection::error_of(const char* error, const SqlText& sql,
                                  size_t begin) const {
  {
    std::lock_guard lock(mutex_);
    if (!error_.ok()) return error_;
  }
  if (stop_.stop_requested()) {
    return make_error(ErrorKind::kCancelled, {}, "stopped before the end was reached");
  }
  return duckdb_error(error ? error : "no reason given", sql, begin,
                      database_.registry());
}

Status DuckdbConnection::run(const std::string& sql) {
  return run(sql, own_text(sql), 0);
}

Status DuckdbConnection::run(const std::string& text, const SqlText& sql, size_t begin) {
  DuckdbHandle<duckdb_prepared_statement> statement(library().destroy_prepare);
  if (library().prepare(get(), text.c_str(), statement.out()) != DuckDBSuccess) {
    return error_of(library().prepare_error(statement.get()), sql, begin);
  }
  duckdb_result result{};
  const auto state = library().execute_prepared(statement.get(), &result);
  Status status;
  if (state != DuckDBSuccess)
    status = error_of(library().result_error(&result), sql, begin);
  library().destroy_result(&result);
  return status;
}

}  // namespace velo::sql
