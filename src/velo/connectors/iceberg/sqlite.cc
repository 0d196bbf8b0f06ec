#include "velo/connectors/iceberg/sqlite.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/function_loader.h"

namespace velo::iceberg {
namespace {

constexpr SystemLibrary kLibrary{.file_name = "libsqlite3.so.0",
                                 .connector = "iceberg",
                                 .what = "SQLite's library",
                                 .package = "libsqlite3-0",
                                 .oldest = "SQLite 3.7.14"};
constexpr int kBusyMilliseconds = 30'000;

void load_functions(FunctionLoader& loader, SqliteLibrary& library) {
  loader.load("sqlite3_open_v2", library.open_v2);
  loader.load("sqlite3_close_v2", library.close_v2);
  loader.load("sqlite3_busy_timeout", library.busy_timeout);
  loader.load("sqlite3_prepare_v2", library.prepare_v2);
  loader.load("sqlite3_bind_text", library.bind_text);
  loader.load("sqlite3_step", library.step);
  loader.load("sqlite3_finalize", library.finalize);
  loader.load("sqlite3_column_count", library.column_count);
  loader.load("sqlite3_column_text", library.column_text);
  loader.load("sqlite3_column_bytes", library.column_bytes);
  loader.load("sqlite3_changes", library.changes);
  loader.load("sqlite3_errmsg", library.errmsg);
  loader.load("sqlite3_extended_errcode", library.extended_errcode);
}

Result<const SqliteLibrary*> sqlite_library() {
  static const Result<SqliteLibrary> the_library =
      load_system_library(kLibrary, load_functions);
  ARROW_RETURN_NOT_OK(the_library.status());
  return &*the_library;
}

ErrorKind classify(int extended_code) {
  if (extended_code == SQLITE_CONSTRAINT_PRIMARYKEY ||
      extended_code == SQLITE_CONSTRAINT_UNIQUE) {
    return ErrorKind::kAlreadyExists;
  }
  switch (extended_code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::kTransient;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return ErrorKind::kPermissionDenied;
    case SQLITE_CANTOPEN:
      return ErrorKind::kNotFound;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return ErrorKind::kCorruptData;
    default:
      return ErrorKind::kSystem;
  }
}

}  // namespace

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path,
                                                             bool creates) {
  ARROW_ASSIGN_OR_RAISE(const SqliteLibrary* library, sqlite_library());
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (creates ? SQLITE_OPEN_CREATE : 0);
  const int code = library->open_v2(path.c_str(), &opened, flags, nullptr);
  std::unique_ptr<SqliteDatabase> database(
      new SqliteDatabase(*library, path, Handle(opened, library->close_v2)));
  if (code != SQLITE_OK) return database->failed();
  library->busy_timeout(opened, kBusyMilliseconds);
  return database;
}

Status SqliteDatabase::failed() const {
  if (!handle_) return Status::OutOfMemory("out of memory for SQLite");
  return make_error(
      classify(library_.extended_errcode(handle_.get())),
      {.connector = "iceberg", .resource = path_},
      fmt::format("the catalog's file: {}", library_.errmsg(handle_.get())));
}

Result<std::vector<SqliteRow>> SqliteDatabase::query(
    const std::string& sql, const std::vector<std::string>& values) {
  sqlite3_stmt* prepared = nullptr;
  if (library_.prepare_v2(handle_.get(), sql.c_str(), -1, &prepared, nullptr) !=
      SQLITE_OK) {
    return failed();
  }
  const std::unique_ptr<sqlite3_stmt, decltype(&::sqlite3_finalize)> statement(
      prepared, library_.finalize);
  for (size_t i = 0; i < values.size(); ++i) {
    const int code =
        library_.bind_text(prepared, static_cast<int>(i) + 1, values[i].data(),
                           static_cast<int>(values[i].size()), SQLITE_STATIC);
    if (code != SQLITE_OK) return failed();
  }
  std::vector<SqliteRow> rows;
  while (true) {
    const int code = library_.step(prepared);
    if (code == SQLITE_DONE) return rows;
    if (code != SQLITE_ROW) return failed();
    SqliteRow& row = rows.emplace_back();
    for (int column = 0; column < library_.column_count(prepared); ++column) {
      const auto* text =
          reinterpret_cast<const char*>(library_.column_text(prepared, column));
      const auto size = static_cast<size_t>(library_.column_bytes(prepared, column));
      row.emplace_back(text ? std::string(text, size) : std::string());
    }
  }
}

Result<int> SqliteDatabase::change(const std::string& sql,
                                   const std::vector<std::string>& values) {
  ARROW_RETURN_NOT_OK(query(sql, values).status());
  return library_.changes(handle_.get());
}

}  // namespace velo::iceberg
