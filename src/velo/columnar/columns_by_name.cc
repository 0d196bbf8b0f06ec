#include "velo/columnar/columns_by_name.h"

#include <arrow/array/util.h>
#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <utility>

#include "velo/columnar/schema_text.h"

namespace velo {
namespace {

Result<std::shared_ptr<arrow::Array>> to_type(const std::shared_ptr<arrow::Array>& values,
                                              const arrow::Field& field,
                                              const std::string& resource) {
  if (values->type()->Equals(*field.type())) return values;
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  auto cast = arrow::compute::Cast(*values, field.type());
  if (cast.ok()) return cast;
  return make_error(
      ErrorKind::kSchemaMismatch, {.resource = resource},
      fmt::format("column '{}' is {} here, and a value of it cannot be had as {}: {}",
                  field.name(), type_name(*values->type()), type_name(*field.type()),
                  cast.status().message()));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> columns_by_name(
    const std::shared_ptr<arrow::RecordBatch>& rows,
    const std::shared_ptr<arrow::Schema>& schema, const std::string& resource) {
  if (rows->schema() == schema) return rows;
  const bool is_same = rows->schema()->Equals(*schema, /*check_metadata=*/false);
  arrow::ArrayVector columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    const arrow::Field& field = *schema->field(i);
    const int index = is_same ? i : rows->schema()->GetFieldIndex(field.name());
    if (index < 0) {
      ARROW_ASSIGN_OR_RAISE(auto nulls,
                            arrow::MakeArrayOfNull(field.type(), rows->num_rows()));
      columns.push_back(std::move(nulls));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto column, to_type(rows->column(index), field, resource));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, rows->num_rows(), std::move(columns));
}

}  // namespace velo
