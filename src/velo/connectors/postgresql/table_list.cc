#include "velo/connectors/postgresql/table_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "velo/connectors/postgresql/client.h"
#include "velo/connectors/postgresql/options.h"

namespace velo::postgresql {
namespace {

struct TableName {
  std::string schema;
  std::string table;
  bool operator==(const TableName&) const = default;
};

bool has_pattern(const std::vector<NamePattern>& names) {
  return std::ranges::any_of(names, &NamePattern::is_pattern);
}

bool matches(const std::vector<NamePattern>& names, const std::string& name) {
  return std::ranges::any_of(names, [&](const auto& one) { return one.matches(name); });
}

bool is_written_out(const std::vector<NamePattern>& names, const std::string& name) {
  return std::ranges::any_of(
      names, [&](const auto& one) { return !one.is_pattern && one.text == name; });
}

// Those whose schema and name are both written out, whether they are there or not.
std::vector<TableName> tables_written_out(const PostgresqlOptions& options) {
  std::vector<TableName> tables;
  for (const NamePattern& schema : options.schemas) {
    for (const NamePattern& table : options.tables) {
      const TableName name{schema.text, table.text};
      if (schema.is_pattern || table.is_pattern) continue;
      if (std::ranges::find(tables, name) == tables.end()) tables.push_back(name);
    }
  }
  return tables;
}

void set_option(Uri& uri, std::string_view name, const std::string& value) {
  const auto found = std::ranges::find(uri.options, name,
                                       [](const auto& option) { return option.first; });
  if (found != uri.options.end()) {
    found->second = value;
  } else {
    uri.options.emplace_back(name, value);
  }
}

Stream stream_of(const Uri& uri, const PostgresqlOptions& options, const TableName& name,
                 const std::string& database) {
  const bool is_one_schema =
      options.schemas.size() == 1 && !options.schemas.front().is_pattern;
  const bool is_one_table =
      options.tables.size() == 1 && !options.tables.front().is_pattern;
  Stream stream{.name = is_one_schema ? name.table : name.schema + "." + name.table,
                .fields = {{"schema", name.schema}, {"table", name.table}},
                .uri = uri};
  if (!database.empty()) stream.fields.emplace("database", database);
  // What was written out stays as it was written: it is a part of the source's identity.
  if (!is_one_schema) set_option(stream.uri, "schema", print_name(name.schema));
  if (!is_one_table) set_option(stream.uri, "table", print_name(name.table));
  return stream;
}

// Why a table that a pattern has met is no stream; empty where it is one.
std::string obstacle_of(const PostgresqlOptions& options, const ResultRows& rows,
                        int row) {
  enum Column { kKind = 2, kPersistence, kMayUse, kMaySelect };
  if (rows.text(row, kMayUse) != "t") return "USAGE of its schema is not granted";
  if (rows.text(row, kMaySelect) != "t") return "SELECT is not granted";
  if (!options.cdc) return "";
  if (rows.text(row, kKind) == "p") {
    return "cdc=true does not read partitioned tables yet";
  }
  return rows.text(row, kPersistence) == "u" ? "cdc=true reads no unlogged tables" : "";
}

Status nothing_found(const PostgresqlOptions& options, const StreamList& list,
                     size_t num_tables) {
  const std::string why =
      list.left_out.empty()
          ? fmt::format("no table is called so in its schemas, which have {}", num_tables)
          : fmt::format("none of them can be read: {}", fmt::join(list.left_out, ", "));
  std::vector<std::string> schemas;
  std::vector<std::string> tables;
  for (const auto& name : options.schemas) schemas.push_back(name.text);
  for (const auto& name : options.tables) tables.push_back(name.text);
  return make_error(ErrorKind::kNotFound,
                    {.connector = "postgresql", .resource = options.shown},
                    fmt::format("table={} of schema={}: {}", fmt::join(tables, ","),
                                fmt::join(schemas, ","), why));
}

// Those that there are, and that are called so; sorted.
Result<StreamList> ask_for_tables(const Uri& uri, const PostgresqlOptions& options,
                                  const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto connection, Connection::open(options, "velo", stop));
  connection->set_stop(stop);
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection->execute(
          "SELECT n.nspname, c.relname, c.relkind, c.relpersistence, "
          "has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'SELECT'), "
          "current_database() FROM pg_class c JOIN pg_namespace n ON n.oid = "
          "c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND "
          "c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname "
          "NOT LIKE 'pg\\_%' AND c.relname NOT IN ('velo_checkpoint', 'velo_split') "
          "ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\""));
  const auto written_out = tables_written_out(options);
  StreamList list;
  size_t num_tables = 0;
  for (int row = 0; row < rows.num_rows(); ++row) {
    const TableName name{rows.text(row, 0), rows.text(row, 1)};
    if (!matches(options.schemas, name.schema)) continue;
    ++num_tables;
    if (!matches(options.tables, name.table)) continue;
    const bool is_asked_for = is_written_out(options.schemas, name.schema) &&
                              is_written_out(options.tables, name.table);
    const std::string obstacle = is_asked_for ? "" : obstacle_of(options, rows, row);
    if (obstacle.empty()) {
      list.streams.push_back(stream_of(uri, options, name, rows.text(row, 6)));
    } else {
      list.left_out.push_back(
          fmt::format("{}.{}: {}", name.schema, name.table, obstacle));
    }
  }
  for (const TableName& name : written_out) {
    const bool is_there = std::ranges::any_of(list.streams, [&](const Stream& stream) {
      return stream.fields.at("schema") == name.schema &&
             stream.fields.at("table") == name.table;
    });
    if (!is_there) list.streams.push_back(stream_of(uri, options, name, ""));
  }
  if (list.streams.empty()) return nothing_found(options, list, num_tables);
  return list;
}

std::string database_of(const PostgresqlOptions& options) {
  for (const auto& [keyword, value] : options.connection) {
    if (keyword == "dbname") return value;
  }
  return "";
}

}  // namespace

Result<StreamList> list_tables(const Uri& uri, std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const auto options, PostgresqlOptions::of_tables(uri));
  if (options.tables.empty()) {  // a query
    return StreamList{.streams = {{.name = {}, .fields = {}, .uri = uri}},
                      .left_out = {}};
  }
  if (has_pattern(options.schemas) || has_pattern(options.tables)) {
    return ask_for_tables(uri, options, stop);
  }
  StreamList list;
  for (const TableName& name : tables_written_out(options)) {
    list.streams.push_back(stream_of(uri, options, name, database_of(options)));
  }
  return list;
}

}  // namespace velo::postgresql
