#include "velo/connectors/postgresql/target_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "velo/base/ascii.h"
#include "velo/columnar/change_columns.h"
#include "velo/connectors/postgresql/copy_binary.h"
#include "velo/connectors/postgresql/staged_changes.h"
#include "velo/connectors/postgresql/types.h"

namespace velo::postgresql {
namespace {

Status no_column(const PostgresqlOptions& options, const std::string& name,
                 const std::vector<ResultColumn>& columns) {
  std::vector<std::string> known;
  for (const ResultColumn& column : columns) known.push_back(column.name);
  return make_error(
      ErrorKind::kSchemaMismatch,
      {.connector = "postgresql", .resource = options.table_name()},
      fmt::format("there is no column '{}'; the columns are {}. Leave it out of the "
                  "SELECT, or ALTER TABLE … ADD COLUMN",
                  name, fmt::join(known, ", ")));
}

Status check_key(const PostgresqlOptions& options, const arrow::Schema& schema) {
  for (const std::string& name : options.key) {
    if (schema.GetFieldIndex(name) >= 0) continue;
    return make_error(
        ErrorKind::kSchemaMismatch,
        {.connector = "postgresql", .resource = options.table_name()},
        fmt::format("key names a column '{}' that the rows do not have", name));
  }
  return Status::OK();
}

Result<std::string> create_statement(const PostgresqlOptions& options,
                                     const arrow::Schema& columns) {
  std::vector<std::string> parts;
  for (const auto& field : columns.fields()) {
    ARROW_ASSIGN_OR_RAISE(const std::string type, type_of_new_column(*field));
    parts.push_back(quote_identifier(field->name()) + " " + type);
  }
  if (!options.key.empty()) {
    std::vector<std::string> key;
    for (const std::string& name : options.key) key.push_back(quote_identifier(name));
    parts.push_back(fmt::format("PRIMARY KEY ({})", fmt::join(key, ", ")));
  }
  return fmt::format("CREATE TABLE IF NOT EXISTS {} ({})", options.table_name(),
                     fmt::join(parts, ", "));
}

// A refusal is part of the plan; any other failure is not.
Status refuse(const Status& status, PlannedColumn& planned) {
  if (status.ok() || kind_of(status) != ErrorKind::kSchemaMismatch) return status;
  planned.refusal = status.message();
  return Status::OK();
}

Status plan_new_column(const arrow::Field& field, PlannedColumn& planned) {
  const auto type = type_of_new_column(field);
  if (!type.ok()) return refuse(type.status(), planned);
  planned.target = field.name();
  planned.target_type = *type;
  return Status::OK();
}

Status plan_column(const PostgresqlOptions& options,
                   const std::vector<ResultColumn>& table, const arrow::Field& field,
                   PlannedColumn& planned) {
  const ResultColumn* column = find_column(table, field.name());
  if (!column) return refuse(no_column(options, field.name(), table), planned);
  planned.target = column->name;
  planned.target_type = name_of_type(*column);
  const auto alone = arrow::schema({field.WithName(field.name())});
  return refuse(CopyEncoder::make(*alone, {*column}).status(), planned);
}

}  // namespace

const ResultColumn* find_column(const std::vector<ResultColumn>& columns,
                                const std::string& name) {
  const auto exact = std::ranges::find(columns, name, &ResultColumn::name);
  if (exact != columns.end()) return &*exact;
  const auto is_meant = [&](const ResultColumn& column) {
    return ascii_lower(column.name) == ascii_lower(name);
  };
  if (std::ranges::count_if(columns, is_meant) != 1) return nullptr;
  return &*std::ranges::find_if(columns, is_meant);
}

Result<std::string> type_of_new_column(const arrow::Field& field) {
  const Status named = check_name("column", field.name());
  if (named.ok()) return sql_type_of(field);
  return make_error(ErrorKind::kSchemaMismatch, {.connector = "postgresql"},
                    named.message() + " by AS in the SELECT");
}

// Changes need all that says how a row came about, or a deleted one would be written.
Result<std::shared_ptr<arrow::Schema>> columns_of_target(const PostgresqlOptions& options,
                                                         const arrow::Schema& rows) {
  if (are_applied(options, rows)) return columns_of_changed_rows(rows);
  const bool has_op = rows.GetFieldIndex(kOperationColumn) >= 0;
  const bool has_unset = rows.GetFieldIndex(kUnsetColumn) >= 0;
  if (options.key.empty() || has_op == has_unset) {
    return std::make_shared<arrow::Schema>(rows);
  }
  return make_error(ErrorKind::kSchemaMismatch,
                    {.connector = "postgresql", .resource = options.table_name()},
                    "changes are applied by _op and _unset, and the rows have only one "
                    "of them; SELECT both");
}

Result<TargetColumns> find_target_columns(Connection& connection,
                                          const PostgresqlOptions& options,
                                          const arrow::Schema& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto columns, columns_of_target(options, rows));
  const arrow::Schema& schema = *columns;
  ARROW_RETURN_NOT_OK(check_key(options, schema));
  auto table = connection.describe("SELECT * FROM " + options.table_name());
  if (!table.ok() && kind_of(table.status()) == ErrorKind::kNotFound) {
    for (const auto& field : schema.fields()) {
      ARROW_RETURN_NOT_OK(type_of_new_column(*field).status());
    }
    return TargetColumns{.columns = {}, .exists = false};
  }
  ARROW_RETURN_NOT_OK(table.status());
  TargetColumns target;
  for (const auto& field : schema.fields()) {
    const ResultColumn* column = find_column(*table, field->name());
    if (!column) return no_column(options, field->name(), *table);
    target.columns.push_back(*column);
  }
  ARROW_RETURN_NOT_OK(CopyEncoder::make(schema, target.columns).status());
  return target;
}

Result<SinkPlan> plan_target(Connection& connection, const PostgresqlOptions& options,
                             const arrow::Schema& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto columns, columns_of_target(options, rows));
  ARROW_RETURN_NOT_OK(check_key(options, *columns));
  const auto table = connection.describe("SELECT * FROM " + options.table_name());
  const bool exists = table.ok();
  if (!exists && kind_of(table.status()) != ErrorKind::kNotFound) return table.status();
  SinkPlan plan;
  bool is_refused = false;
  for (const auto& field : rows.fields()) {
    PlannedColumn planned{.name = field->name()};
    // Of what says how a row came about nothing is written.
    if (columns->GetFieldIndex(field->name()) >= 0) {
      ARROW_RETURN_NOT_OK(exists ? plan_column(options, *table, *field, planned)
                                 : plan_new_column(*field, planned));
    }
    is_refused = is_refused || !planned.refusal.empty();
    plan.columns.push_back(std::move(planned));
  }
  if (exists || is_refused) return plan;
  ARROW_ASSIGN_OR_RAISE(std::string statement, create_statement(options, *columns));
  plan.statements.push_back(std::move(statement));
  return plan;
}

Status create_target_table(Connection& connection, const PostgresqlOptions& options,
                           const arrow::Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(const auto columns, columns_of_target(options, schema));
  ARROW_ASSIGN_OR_RAISE(const std::string statement, create_statement(options, *columns));
  return connection.execute(statement).status();
}

}  // namespace velo::postgresql
