#pragma once

/// SQLite's library, opened when it is first needed.

#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/error.h"

namespace velo::iceberg {

/// The functions that are used, by SQLite's names without "sqlite3_".
struct SqliteLibrary {
  decltype(&::sqlite3_open_v2) open_v2;
  decltype(&::sqlite3_close_v2) close_v2;
  decltype(&::sqlite3_busy_timeout) busy_timeout;
  decltype(&::sqlite3_prepare_v2) prepare_v2;
  decltype(&::sqlite3_bind_text) bind_text;
  decltype(&::sqlite3_step) step;
  decltype(&::sqlite3_finalize) finalize;
  decltype(&::sqlite3_column_count) column_count;
  decltype(&::sqlite3_column_text) column_text;
  decltype(&::sqlite3_column_bytes) column_bytes;
  decltype(&::sqlite3_changes) changes;
  decltype(&::sqlite3_errmsg) errmsg;
  decltype(&::sqlite3_extended_errcode) extended_errcode;
};

/// A row; NULL is an empty text.
using SqliteRow = std::vector<std::string>;

/// A file of a database. Threads: thread-compatible. A lock that another process has is
/// waited for, some seconds. Errors: kTransient where it is held longer; kAlreadyExists
/// for a row that is there; kNotFound without the library, or the file; kSystem;
/// kCorruptData.
class SqliteDatabase {
 public:
  /// Open a file; one that is not there is made if `creates`.
  static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path,
                                                      bool creates);

  /// Run a statement, each "?" of which stands for a text.
  Result<std::vector<SqliteRow>> query(const std::string& sql,
                                       const std::vector<std::string>& values = {});

  /// The same, and say how many rows were changed.
  Result<int> change(const std::string& sql, const std::vector<std::string>& values = {});

 private:
  using Handle = std::unique_ptr<sqlite3, decltype(&::sqlite3_close_v2)>;
  SqliteDatabase(const SqliteLibrary& library, std::string path, Handle handle)
      : library_(library), path_(std::move(path)), handle_(std::move(handle)) {}

  Status failed() const;

  const SqliteLibrary& library_;
  const std::string path_;
  const Handle handle_;
};

}  // namespace velo::iceberg
