#pragma once

/// A connection to DuckDB and what the sources that it reads need of it. Only files named
/// duckdb_* include this.

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "velo/sql/duckdb_handle.h"
#include "velo/sql/duckdb_library.h"
#include "velo/sql/open_source.h"
#include "velo/sql/script.h"

namespace velo::sql {

class DuckdbConnection;

/// An open database, and its connections by DuckDB's number for each: a table function
/// learns on whose behalf it is called. Threads: safe.
class DuckdbDatabase {
 public:
  DuckdbDatabase(const DuckdbLibrary& library, const Registry& registry)
      : library_(library), registry_(registry), database_(library.close) {}
  /// Closes the database in a thread of its own: DuckDB's destructor uses thread-locals,
  /// and those of the main thread are gone when exit() destroys a static Session.
  ~DuckdbDatabase();
  DuckdbDatabase(const DuckdbDatabase&) = delete;
  DuckdbDatabase& operator=(const DuckdbDatabase&) = delete;

  const DuckdbLibrary& library() const { return library_; }
  const Registry& registry() const { return registry_; }
  duckdb_database get() const { return database_.get(); }

  /// Open an empty database in memory.
  Status open(int64_t memory_bytes, int num_threads, const std::string& temporary_folder);

  /// The connection of this number, or nullptr.
  DuckdbConnection* find(uint64_t id) const;

 private:
  friend class DuckdbConnection;
  const DuckdbLibrary& library_;
  const Registry& registry_;
  DuckdbHandle<duckdb_database> database_;
  mutable std::mutex mutex_;
  std::map<uint64_t, DuckdbConnection*> connections_;  // guarded by mutex_
};

/// Threads: what the table functions call (sources, stop token, fail, conversion) is
/// safe, the rest is for one thread at a time.
class DuckdbConnection {
 public:
  static Result<std::unique_ptr<DuckdbConnection>> open(
      DuckdbDatabase& database, std::shared_ptr<StatementSources> sources);
  ~DuckdbConnection();
  DuckdbConnection(const DuckdbConnection&) = delete;
  DuckdbConnection& operator=(const DuckdbConnection&) = delete;

  const DuckdbLibrary& library() const { return database_.library(); }
  duckdb_connection get() const { return connection_.get(); }
  /// For converting Arrow data while get() is busy with a query.
  duckdb_connection conversion() const { return conversion_.get(); }
  StatementSources& sources() const { return *sources_; }

  std::stop_token stop_token() const { return stop_.get_token(); }
  /// End the running query as soon as may be.
  void stop();

  /// Remember the first error of a source: it is what the query fails with.
  void fail(const Status& status);
  /// What a query failed with: a source's error, else kCancelled, else DuckDB's `error`
  /// (see duckdb_error()).
  Status error_of(const char* error, const SqlText& sql, size_t begin = 0) const;

  /// Run a statement that has no result to read.
  Status run(const std::string& sql);
  Status run(const std::string& text, const SqlText& sql, size_t begin);

 private:
  DuckdbConnection(DuckdbDatabase& database, std::shared_ptr<StatementSources> sources);

  DuckdbDatabase& database_;
  const std::shared_ptr<StatementSources> sources_;
  DuckdbHandle<duckdb_connection> connection_;
  DuckdbHandle<duckdb_connection> conversion_;
  uint64_t id_ = 0;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  Status error_;  // guarded by mutex_
};

}  // namespace velo::sql
