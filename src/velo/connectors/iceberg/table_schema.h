#pragma once

/// The columns of a table, and their types as Arrow's.

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/iceberg/json_members.h"
#include "velo/error.h"

namespace velo::iceberg {

/// By what Parquet files tell a column's field id, in the metadata of Arrow's fields.
inline constexpr char kFieldIdKey[] = "PARQUET:field_id";

struct Column {
  int id = 0;
  std::string name;
  bool is_required = false;
  std::string type;          ///< as Iceberg spells it: "long"; "struct", "list", "map"
  bool has_default = false;  ///< rows of older files have a value that is not NULL
};

struct TableSchema {
  int id = 0;
  std::vector<Column> columns;

  /// The column of this name, exactly, else without regard to case if that is one only;
  /// nullptr where there is none.
  const Column* find(std::string_view name) const;
  const Column* find(int column_id) const;
};

/// Errors: kCorruptData naming `name`.
Result<TableSchema> parse_table_schema(std::string_view name, const Json& json);
Json json_of(const TableSchema& schema);

/// Errors: kNotImplemented naming the column, for types that are not read yet.
Result<std::shared_ptr<arrow::DataType>> arrow_type_of(const Column& column);

/// The columns as a source yields them. Errors: as arrow_type_of.
Result<std::shared_ptr<arrow::Schema>> arrow_schema_of(const TableSchema& schema);

/// The columns of a table that is made for rows of this schema; ids from 1. Errors:
/// kSchemaMismatch naming the column, for types that Iceberg cannot hold without loss.
Result<TableSchema> table_schema_for(const arrow::Schema& schema);

}  // namespace velo::iceberg
