#include "velo/connectors/postgresql/target_evolution.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "velo/columnar/common_type.h"
#include "velo/connectors/postgresql/copy_binary.h"
#include "velo/connectors/postgresql/target_table.h"
#include "velo/connectors/postgresql/types.h"

namespace velo::postgresql {
namespace {

// Beyond it not every whole number is a double.
constexpr char kMostExactDouble[] = "9007199254740992";

Status refuse(const PostgresqlOptions& options, std::string message) {
  return make_error(ErrorKind::kSchemaMismatch,
                    {.connector = "postgresql", .resource = options.table_name()},
                    std::move(message));
}

// ALTER TABLE would round what is there.
Status check_is_exact(Connection& connection, const PostgresqlOptions& options,
                      const ResultColumn& column) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute(fmt::format("SELECT {0} FROM {1} WHERE {0} NOT BETWEEN -{2} AND "
                                     "{2} LIMIT 1",
                                     quote_identifier(column.name), options.table_name(),
                                     kMostExactDouble)));
  if (rows.num_rows() == 0) return Status::OK();
  return refuse(options,
                fmt::format("column '{}' would become double precision, and {} in it is "
                            "none; ALTER TABLE … TYPE numeric, and CAST it in the SELECT",
                            column.name, rows.text(0, 0)));
}

// The type that the column gets, for values that it does not take as it is.
Result<std::string> wider_type(Connection& connection, const PostgresqlOptions& options,
                               const ResultColumn& column, const arrow::Field& field,
                               const Status& refusal) {
  const auto before = arrow_type_of(column);
  const auto wider = before ? common_type(before, field.type()) : nullptr;
  if (!wider) return refusal;
  if (wider->id() == arrow::Type::DOUBLE && before->id() == arrow::Type::INT64) {
    ARROW_RETURN_NOT_OK(check_is_exact(connection, options, column));
  }
  ARROW_ASSIGN_OR_RAISE(std::string type, sql_type_of(*field.WithType(wider)));
  return type == name_of_type(column) ? Result<std::string>(refusal) : std::move(type);
}

Result<std::vector<std::string>> columns_that_need_a_value(
    Connection& connection, const PostgresqlOptions& options) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute(
          "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = $1::regclass AND "
          "a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef AND "
          "a.attidentity = '' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = "
          "a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)) ORDER BY attnum",
          {options.table_name()}));
  std::vector<std::string> names;
  for (int row = 0; row < rows.num_rows(); ++row) names.push_back(rows.text(row, 0));
  return names;
}

}  // namespace

std::string TargetEvolution::statement(const PostgresqlOptions& options) const {
  std::vector<std::string> clauses;
  for (const Column& column : added) {
    clauses.push_back(fmt::format("ADD COLUMN IF NOT EXISTS {} {}",
                                  quote_identifier(column.name), column.type));
  }
  for (const Column& column : widened) {
    clauses.push_back(fmt::format("ALTER COLUMN {} TYPE {}",
                                  quote_identifier(column.name), column.type));
  }
  for (const std::string& name : relaxed) {
    clauses.push_back(
        fmt::format("ALTER COLUMN {} DROP NOT NULL", quote_identifier(name)));
  }
  return fmt::format("ALTER TABLE {} {}", options.table_name(), fmt::join(clauses, ", "));
}

Result<TargetEvolution> find_evolution(Connection& connection,
                                       const PostgresqlOptions& options,
                                       const arrow::Schema& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto columns, columns_of_target(options, rows));
  ARROW_ASSIGN_OR_RAISE(const auto table,
                        connection.describe("SELECT * FROM " + options.table_name()));
  TargetEvolution evolution;
  std::set<std::string> written;
  for (const auto& field : columns->fields()) {
    const ResultColumn* column = find_column(table, field->name());
    if (!column) {
      ARROW_ASSIGN_OR_RAISE(std::string type, type_of_new_column(*field));
      evolution.added.push_back({field->name(), field->name(), std::move(type)});
      continue;
    }
    written.insert(column->name);
    const Status fits = CopyEncoder::make(*arrow::schema({field}), {*column}).status();
    if (fits.ok()) continue;
    if (kind_of(fits) != ErrorKind::kSchemaMismatch) return fits;
    ARROW_ASSIGN_OR_RAISE(std::string type,
                          wider_type(connection, options, *column, *field, fits));
    evolution.widened.push_back({field->name(), column->name, std::move(type)});
  }
  ARROW_ASSIGN_OR_RAISE(auto needed, columns_that_need_a_value(connection, options));
  for (std::string& name : needed) {
    if (!written.contains(name)) evolution.relaxed.push_back(std::move(name));
  }
  return evolution;
}

Status evolve_target(Connection& connection, const PostgresqlOptions& options,
                     const arrow::Schema& rows,
                     const std::function<void(std::string_view)>& tell) {
  ARROW_ASSIGN_OR_RAISE(TargetEvolution evolution,
                        find_evolution(connection, options, rows));
  if (evolution.empty()) return Status::OK();
  // What was found is to hold until it is done.
  ARROW_RETURN_NOT_OK(connection
                          .execute(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
                                               options.table_name()))
                          .status());
  ARROW_ASSIGN_OR_RAISE(evolution, find_evolution(connection, options, rows));
  if (evolution.empty()) return Status::OK();
  const std::string statement = evolution.statement(options);
  tell(statement);
  return connection.execute(statement).status();
}

void show_evolution(const TargetEvolution& evolution, const PostgresqlOptions& options,
                    SinkPlan& plan) {
  for (const auto* changed : {&evolution.added, &evolution.widened}) {
    for (const TargetEvolution::Column& column : *changed) {
      const auto planned =
          std::ranges::find(plan.columns, column.row_name, &PlannedColumn::name);
      if (planned == plan.columns.end()) continue;
      planned->target = column.name;
      planned->target_type = column.type;
      planned->refusal.clear();
    }
  }
  if (!evolution.empty()) plan.statements.push_back(evolution.statement(options));
}

}  // namespace velo::postgresql
