#include "velo/connectors/generate/tables.h"

#include <array>

namespace velo::generate {

std::span<const Table* const> all_tables() {
  static const std::array<const Table*, 3> tables = {&orders_table(), &events_table(),
                                                     &lineitem_table()};
  return tables;
}

std::shared_ptr<arrow::Schema> schema_of(std::span<const Column> columns) {
  arrow::FieldVector fields;
  for (const Column& column : columns) fields.push_back(column.field);
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::RecordBatch>> make_rows(std::span<const Column> columns,
                                                      uint64_t seed, RowRange rows) {
  arrow::ArrayVector arrays;
  for (const Column& column : columns) {
    ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(), column.make(seed, rows));
  }
  return arrow::RecordBatch::Make(schema_of(columns), rows.num_rows, std::move(arrays));
}

}  // namespace velo::generate
