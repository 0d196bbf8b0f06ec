#pragma once

/// A connection to PostgreSQL: the one place that calls libpq.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/connectors/postgresql/libpq.h"
#include "velo/connectors/postgresql/options.h"
#include "velo/error.h"

namespace velo::postgresql {

/// A column of a result: its name and its type by pg_type's numbers.
struct ResultColumn {
  std::string name;
  uint32_t type = 0;
  int32_t modifier = -1;
};

/// What a statement has returned, as text.
class ResultRows {
 public:
  ResultRows(const Libpq& library, PGresult* result)
      : library_(&library), result_(result, library.clear) {}

  int num_rows() const { return library_->ntuples(result_.get()); }
  bool is_null(int row, int column) const {
    return library_->getisnull(result_.get(), row, column) == 1;
  }
  std::string text(int row, int column) const;
  int64_t number(int row, int column) const;
  /// "COMMIT", "INSERT 0 1".
  std::string tag() const { return library_->cmdStatus(result_.get()); }
  /// Rows that an INSERT, UPDATE, DELETE or COPY has touched.
  int64_t num_touched() const;
  std::vector<ResultColumn> columns() const;

 private:
  const Libpq* library_;
  std::unique_ptr<PGresult, decltype(&::PQclear)> result_;
};

/// Values for $1, $2 …, as text; nullopt is NULL.
using Parameters = std::vector<std::optional<std::string>>;

/// Threads: thread-compatible. Every call ends soon after `stop` was requested, with
/// kCancelled; the connection is of no use then. Destruction closes it, which rolls an
/// open transaction back.
class Connection {
 public:
  /// Connect. `application_name` shows in pg_stat_activity.
  /// Errors: kUnauthenticated, kNotFound (the database), kTransient (no server there).
  static Result<std::unique_ptr<Connection>> open(const PostgresqlOptions& options,
                                                  const std::string& application_name,
                                                  const std::stop_token& stop = {});

  /// Connect for replication: such a connection takes the commands of the streaming
  /// replication protocol, by command(), and no others. Errors: as open();
  /// kPermissionDenied.
  static Result<std::unique_ptr<Connection>> open_replication(
      const PostgresqlOptions& options, const std::string& application_name);
  ~Connection();

  /// Let calls that are given no stop end by this one.
  void set_stop(std::stop_token stop) { stop_ = std::move(stop); }

  /// Run one statement. Errors: by SQLSTATE, with the server's words.
  Result<ResultRows> execute(const std::string& sql, const Parameters& parameters = {},
                             std::stop_token stop = {});

  /// Run one command by the simple protocol. Errors: as execute().
  Result<ResultRows> command(const std::string& command, std::stop_token stop = {});

  /// Send a query, and look later for what it returns; nullopt while that is not there.
  /// Neither waits for the server, and nothing else can be said until then.
  Status send_query(const std::string& sql);
  Result<std::optional<ResultRows>> poll_rows();

  /// The columns of a query, which is not run.
  Result<std::vector<ResultColumn>> describe(const std::string& query);

  /// Begin COPY … FROM STDIN, send its bytes, and end it; returns the rows.
  Status begin_copy_in(const std::string& sql, std::stop_token stop);
  Status put_copy(std::string_view bytes, std::stop_token stop);
  Result<int64_t> end_copy_in(std::stop_token stop);

  /// Begin COPY … TO STDOUT, and take what comes next; nullopt at its end. The bytes live
  /// until the next call.
  Status begin_copy_out(const std::string& sql, std::stop_token stop);
  Result<std::optional<std::string_view>> get_copy(std::stop_token stop);

  /// Begin START_REPLICATION, which sends and takes messages: put_copy() sends one, and
  /// poll_copy() takes the next; nullopt where none came in that time. The bytes live
  /// until the next call. Errors: kTransient too where the server ends it.
  Status begin_copy_both(const std::string& command, std::stop_token stop);
  Result<std::optional<std::string_view>> poll_copy(std::chrono::milliseconds max_wait);

 private:
  using Settings = std::vector<std::pair<std::string, std::string>>;

  static Result<std::unique_ptr<Connection>> connect(const std::string& shown,
                                                     Settings settings,
                                                     const std::stop_token& stop);
  Connection(const Libpq& library, PGconn* connection, std::string shown)
      : library_(library), connection_(connection), shown_(std::move(shown)) {}

  struct FreeCopy {
    decltype(&::PQfreemem) free;
    void operator()(char* bytes) const { free(bytes); }
  };

  Status begin_copy(const std::string& sql, ExecStatusType expected,
                    const std::stop_token& stop);
  Status await_copy(ExecStatusType expected, const std::stop_token& stop);
  Result<PGresult*> next_result(const std::stop_token& stop);
  Result<ResultRows> last_result(const std::stop_token& stop);
  Status flush(const std::stop_token& stop);
  Status check_stop(const std::stop_token& stop);
  Status wait(bool for_writing, const std::stop_token& stop);
  Result<bool> wait_for_input(std::chrono::milliseconds max_wait);
  Status check(const PGresult* result) const;
  Status connection_error() const;
  void cancel();

  const Libpq& library_;
  PGconn* const connection_;
  const std::string shown_;
  std::stop_token stop_;
  bool is_cancelled_ = false;
  std::unique_ptr<char, FreeCopy> copied_{nullptr, FreeCopy{nullptr}};
};

}  // namespace velo::postgresql
