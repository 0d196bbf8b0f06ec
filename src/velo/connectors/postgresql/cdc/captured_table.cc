#include "velo/connectors/postgresql/cdc/captured_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/connectors/postgresql/types.h"

namespace velo::postgresql {
namespace {

// Numbers of pg_type, of types that are read as text.
enum TextTypeNumber : uint32_t {
  kName = 19,
  kJson = 114,
  kUuid = 2950,
  kJsonbNumber = 3802,
};

Status refuse(ErrorKind kind, const PostgresqlOptions& options, std::string message) {
  return make_error(kind, {.connector = "postgresql", .resource = options.table_name()},
                    std::move(message));
}

std::optional<ValueForm> form_of(const ResultColumn& column, bool is_enum) {
  if (arrow_type_of(column) || is_enum) return ValueForm::kAsIs;
  switch (column.type) {
    case kName:
    case kJson:
      return ValueForm::kAsIs;
    case kUuid:
      return ValueForm::kUuid;
    case kJsonbNumber:
      return ValueForm::kJsonb;
    case kBpchar:
      return ValueForm::kPadded;
    default:
      return {};
  }
}

Status find_relation(Connection& connection, const PostgresqlOptions& options,
                     CapturedTable& table) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute("SELECT c.oid, c.relkind, c.relpersistence, c.relreplident FROM "
                         "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
                         "n.nspname = $1 AND c.relname = $2",
                         {options.schema, options.table}));
  if (rows.num_rows() == 0) {
    return refuse(ErrorKind::kNotFound, options, "there is no such table");
  }
  if (rows.text(0, 1) != "r" || rows.text(0, 2) != "p") {
    return refuse(ErrorKind::kNotImplemented, options,
                  "cdc=true reads plain tables: no views, partitioned, foreign, unlogged "
                  "or temporary ones, as yet");
  }
  table.relation = static_cast<uint32_t>(rows.number(0, 0));
  table.has_identity = rows.text(0, 3) == "f";
  return Status::OK();
}

// A column of a domain is of the domain to pgoutput, and of its type to a SELECT.
Result<CapturedColumn> captured(const PostgresqlOptions& options,
                                const ResultColumn& column, const ResultRows& rows,
                                int row) {
  const std::string type = rows.text(row, 3);
  const auto form = form_of(column, rows.text(row, 4) == "e");
  if (!form) {
    return refuse(
        ErrorKind::kNotImplemented, options,
        fmt::format(
            "column '{}' is {}, which cdc=true cannot read yet; it reads boolean, "
            "the integers, real, double precision, numeric(p,s), text, varchar, "
            "char, bytea, date, timestamp, timestamptz, uuid, json, jsonb and "
            "enums",
            column.name, type));
  }
  if (is_change_column(column.name)) {
    return refuse(ErrorKind::kSchemaMismatch, options,
                  fmt::format("column '{}' is named like one that every change has; a "
                              "table without such a name can be captured",
                              column.name));
  }
  return CapturedColumn{
      .relation = {.name = column.name,
                   .type = static_cast<uint32_t>(rows.number(row, 1)),
                   .modifier = static_cast<int32_t>(rows.number(row, 2))},
      .result = column,
      .form = *form,
      .is_key = rows.text(row, 5) == "t"};
}

}  // namespace

std::shared_ptr<arrow::Schema> CapturedTable::change_schema() const {
  arrow::FieldVector fields;
  for (const CapturedColumn& column : columns) {
    auto type = arrow_type_of(column.result);
    fields.push_back(arrow::field(column.result.name, type ? type : arrow::utf8()));
  }
  auto columns_of_changes = with_change_columns(fields);
  if (with_before) {
    columns_of_changes.push_back(
        arrow::field(kBeforeColumn, arrow::struct_(std::move(fields))));
  }
  return arrow::schema(std::move(columns_of_changes));
}

std::string CapturedTable::select_list() const {
  std::vector<std::string> expressions;
  for (const CapturedColumn& column : columns) {
    expressions.push_back(quote_identifier(column.result.name) +
                          (arrow_type_of(column.result) ? "" : "::text"));
  }
  return fmt::format("{}", fmt::join(expressions, ", "));
}

Result<CapturedTable> find_captured_table(Connection& connection,
                                          const PostgresqlOptions& options) {
  CapturedTable table{
      .schema = options.schema, .name = options.table, .with_before = options.before};
  ARROW_RETURN_NOT_OK(find_relation(connection, options, table));
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute(
          "SELECT a.attname, a.atttypid, a.atttypmod, format_type(a.atttypid, "
          "a.atttypmod), t.typtype, coalesce(a.attnum = ANY (i.indkey), false) FROM "
          "pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid "
          "= a.atttypid LEFT JOIN pg_index i ON i.indrelid = c.oid AND CASE "
          "c.relreplident WHEN 'i' THEN i.indisreplident WHEN 'n' THEN false ELSE "
          "i.indisprimary END WHERE c.oid = $1 AND a.attnum > 0 AND NOT a.attisdropped "
          "AND a.attgenerated = '' ORDER BY a.attnum",
          {std::to_string(table.relation)}));
  std::vector<std::string> names;
  for (int row = 0; row < rows.num_rows(); ++row) {
    names.push_back(quote_identifier(rows.text(row, 0)));
  }
  ARROW_ASSIGN_OR_RAISE(
      const auto columns,
      connection.describe(fmt::format("SELECT {} FROM {}", fmt::join(names, ", "),
                                      options.table_name())));
  for (int row = 0; row < rows.num_rows(); ++row) {
    ARROW_ASSIGN_OR_RAISE(
        auto column, captured(options, columns.at(static_cast<size_t>(row)), rows, row));
    table.has_identity = table.has_identity || column.is_key;
    table.columns.push_back(std::move(column));
  }
  return table;
}

namespace {

// A column as it was; since then it may have changed again, or be gone.
Result<CapturedColumn> described(const PostgresqlOptions& options, Connection& connection,
                                 const CapturedTable& table,
                                 const RelationColumn& column) {
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows rows,
      connection.execute(
          "SELECT $1::text, t.oid, $3::int, format_type(t.oid, $3::int), t.typtype, "
          "EXISTS (SELECT FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND CASE "
          "c.relreplident WHEN 'i' THEN i.indisreplident WHEN 'n' THEN false ELSE "
          "i.indisprimary END JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = "
          "ANY (i.indkey) WHERE c.oid = $4::oid AND a.attname = $1::text), CASE "
          "t.typtype "
          "WHEN 'd' THEN t.typbasetype ELSE t.oid END, CASE t.typtype WHEN 'd' THEN "
          "t.typtypmod ELSE $3::int END FROM pg_type t WHERE t.oid = $2::oid",
          {column.name, std::to_string(column.type), std::to_string(column.modifier),
           std::to_string(table.relation)}));
  if (rows.num_rows() == 0) {
    return refuse(
        ErrorKind::kSchemaMismatch, options,
        fmt::format("column '{}' is of a type that is gone since", column.name));
  }
  return captured(options,
                  {.name = column.name,
                   .type = static_cast<uint32_t>(rows.number(0, 6)),
                   .modifier = static_cast<int32_t>(rows.number(0, 7))},
                  rows, 0);
}

}  // namespace

Result<CapturedTable> with_columns(const CapturedTable& table,
                                   const std::vector<RelationColumn>& columns,
                                   Connection& connection,
                                   const PostgresqlOptions& options) {
  CapturedTable now = table;
  now.columns.clear();
  for (const RelationColumn& column : columns) {
    const auto known =
        std::ranges::find(table.columns, column, &CapturedColumn::relation);
    if (known != table.columns.end()) {
      now.columns.push_back(*known);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto added, described(options, connection, table, column));
    now.columns.push_back(std::move(added));
  }
  return now;
}

}  // namespace velo::postgresql
