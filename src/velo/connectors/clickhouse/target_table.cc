#include "velo/connectors/clickhouse/target_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "velo/base/ascii.h"

namespace velo::clickhouse {
namespace {

using Column = TargetTable::Column;

std::string without_arguments(std::string_view engine) {
  return std::string(trim(engine.substr(0, engine.find('('))));
}

bool is_key(const ClickhouseOptions& options, const std::string& name) {
  return std::ranges::find(options.key, name) != options.key.end();
}

// nullptr where no column is meant, or two may be.
const Column* find_column(const std::vector<Column>& columns, const std::string& name) {
  const auto exact = std::ranges::find(columns, name, &Column::name);
  if (exact != columns.end()) return &*exact;
  const auto is_meant = [&](const Column& column) {
    return ascii_lower(column.name) == ascii_lower(name);
  };
  if (std::ranges::count_if(columns, is_meant) != 1) return nullptr;
  return &*std::ranges::find_if(columns, is_meant);
}

Status mismatch(const ClickhouseOptions& options, std::string message) {
  return make_error(ErrorKind::kSchemaMismatch,
                    {.connector = "clickhouse", .resource = options.table_name()},
                    std::move(message));
}

Result<std::vector<TableColumn>> columns_to_make(const ClickhouseOptions& options,
                                                 const arrow::Schema& schema) {
  for (const std::string& name : options.key) {
    if (schema.GetFieldIndex(name) >= 0) continue;
    return mismatch(
        options, fmt::format("key names a column '{}' that the rows do not have", name));
  }
  std::vector<TableColumn> columns;
  for (const auto& field : schema.fields()) {
    const bool nullable = field->nullable() && !is_key(options, field->name());
    ARROW_ASSIGN_OR_RAISE(const std::string type, clickhouse_type_of(*field, nullable));
    columns.push_back({.name = field->name(), .type = parse_type(type).value()});
  }
  return columns;
}

Status read_columns(Client& client, const ClickhouseOptions& options,
                    TargetTable& target) {
  ARROW_ASSIGN_OR_RAISE(const Rows columns,
                        client.query({.sql = "DESCRIBE TABLE " + options.table_name()}));
  int num_marks = 0;
  for (int64_t row = 0; row < columns.num_rows(); ++row) {
    const std::string name = columns.text(row, 0);
    const std::string type = columns.text(row, 1);
    const std::string default_kind = columns.text(row, 2);
    if (name == kPipelineColumn || name == kAttemptColumn) {
      if (type == "UInt64" && default_kind == "MATERIALIZED") ++num_marks;
    } else if (default_kind != "MATERIALIZED" && default_kind != "ALIAS") {
      target.columns.push_back({name, type, parse_type(type)});
    }
  }
  target.has_marks = num_marks == 2;
  return Status::OK();
}

Result<std::string> create_statement(const ClickhouseOptions& options,
                                     const arrow::Schema& schema, bool with_marks) {
  ARROW_ASSIGN_OR_RAISE(const auto columns, columns_to_make(options, schema));
  std::vector<std::string> parts;
  for (const TableColumn& column : columns) {
    parts.push_back(quote_identifier(column.name) + " " + column.type.name);
  }
  if (with_marks) {
    parts.push_back(fmt::format("{} UInt64 MATERIALIZED 0", kPipelineColumn));
    parts.push_back(fmt::format("{} UInt64 MATERIALIZED 0", kAttemptColumn));
    parts.push_back(
        fmt::format("INDEX {0}_index {0} TYPE minmax GRANULARITY 1", kAttemptColumn));
  }
  std::string sql =
      fmt::format("CREATE TABLE IF NOT EXISTS {} ({}) ENGINE = {}", options.table_name(),
                  fmt::join(parts, ", "), options.engine);
  if (without_arguments(options.engine).ends_with("MergeTree")) {
    std::vector<std::string> key;
    for (const std::string& name : options.key) key.push_back(quote_identifier(name));
    sql += key.empty() ? " ORDER BY tuple()"
                       : fmt::format(" ORDER BY ({})", fmt::join(key, ", "));
  }
  return sql;
}

std::string add_marks(const ClickhouseOptions& options) {
  return fmt::format(
      "ALTER TABLE {0} ADD COLUMN IF NOT EXISTS {1} UInt64 MATERIALIZED 0, ADD COLUMN IF "
      "NOT EXISTS {2} UInt64 MATERIALIZED 0, ADD INDEX IF NOT EXISTS {2}_index {2} TYPE "
      "minmax GRANULARITY 1",
      options.table_name(), kPipelineColumn, kAttemptColumn);
}

Status plan_new_column(const ClickhouseOptions& options, const arrow::Field& field,
                       PlannedColumn& planned) {
  const bool nullable = field.nullable() && !is_key(options, field.name());
  ARROW_ASSIGN_OR_RAISE(planned.target_type, clickhouse_type_of(field, nullable));
  planned.target = field.name();
  return Status::OK();
}

Status plan_column(const TargetTable& target, const ClickhouseOptions& options,
                   const arrow::Field& field, PlannedColumn& planned) {
  if (const auto* column = find_column(target.columns, field.name())) {
    planned.target = column->name;
    planned.target_type = column->type_name;
  }
  const auto alone = arrow::schema({field.WithName(field.name())});
  return columns_for(target, options, *alone).status();
}

}  // namespace

std::string TargetTable::obstacle() const {
  if (engine != "MergeTree") {
    return fmt::format(
        "the engine {} may merge, move or drop rows, so that those of a "
        "commit cannot be counted",
        engine);
  }
  if (!views.empty()) {
    return fmt::format("the materialized views {} would keep rows that are taken back",
                       views);
  }
  return {};
}

Result<TargetTable> find_target(Client& client, const ClickhouseOptions& options) {
  ARROW_ASSIGN_OR_RAISE(
      const Rows found,
      client.query(
          {.sql = fmt::format(
               "SELECT timezone(), name, engine, arrayStringConcat(arrayMap((d, t) -> "
               "concat(d, '.', t), dependencies_database, dependencies_table), ', ') "
               "FROM "
               "(SELECT 1 AS one) AS always LEFT JOIN (SELECT 1 AS one, * FROM "
               "system.tables WHERE database = {} AND name = {}) AS found USING one",
               quote_literal(options.database), quote_literal(options.table))}));
  TargetTable target;
  target.server_zone = found.text(0, 0);
  target.exists = !found.text(0, 1).empty();
  target.engine = without_arguments(target.exists ? found.text(0, 2) : options.engine);
  target.views = found.text(0, 3);
  if (target.exists) ARROW_RETURN_NOT_OK(read_columns(client, options, target));
  return target;
}

Result<std::vector<TableColumn>> columns_for(const TargetTable& target,
                                             const ClickhouseOptions& options,
                                             const arrow::Schema& schema) {
  if (!target.exists) return columns_to_make(options, schema);
  std::vector<TableColumn> columns;
  for (const auto& field : schema.fields()) {
    const Column* column = find_column(target.columns, field->name());
    if (!column) {
      std::vector<std::string> known;
      for (const Column& each : target.columns) known.push_back(each.name);
      return mismatch(options,
                      fmt::format("there is no column '{}'; the columns are {}. Leave it "
                                  "out of the SELECT, or ALTER TABLE … ADD COLUMN",
                                  field->name(), fmt::join(known, ", ")));
    }
    if (!column->type) {
      return mismatch(options,
                      fmt::format("column '{}' is {}, which cannot be written yet",
                                  column->name, column->type_name));
    }
    columns.push_back({.name = column->name, .type = *column->type});
  }
  ARROW_RETURN_NOT_OK(BlockEncoder::make(schema, columns, target.server_zone).status());
  return columns;
}

Result<SinkPlan> plan_target(const TargetTable& target, const ClickhouseOptions& options,
                             const arrow::Schema& schema, bool with_marks) {
  SinkPlan plan;
  bool is_refused = false;
  for (const auto& field : schema.fields()) {
    PlannedColumn planned{.name = field->name()};
    const Status status = target.exists ? plan_column(target, options, *field, planned)
                                        : plan_new_column(options, *field, planned);
    if (!status.ok() && kind_of(status) != ErrorKind::kSchemaMismatch) return status;
    if (!status.ok()) planned.refusal = status.message();
    is_refused = is_refused || !status.ok();
    plan.columns.push_back(std::move(planned));
  }
  if (is_refused) return plan;
  if (target.exists) {
    if (with_marks && !target.has_marks) plan.statements.push_back(add_marks(options));
    return plan;
  }
  ARROW_ASSIGN_OR_RAISE(std::string statement,
                        create_statement(options, schema, with_marks));
  plan.statements.push_back(std::move(statement));
  return plan;
}

Status create_target(Client& client, const ClickhouseOptions& options,
                     const arrow::Schema& schema, bool with_marks) {
  ARROW_ASSIGN_OR_RAISE(const std::string statement,
                        create_statement(options, schema, with_marks));
  return client.execute({.sql = statement});
}

Status add_marks(Client& client, const ClickhouseOptions& options) {
  return client.execute({.sql = add_marks(options)});
}

}  // namespace velo::clickhouse
