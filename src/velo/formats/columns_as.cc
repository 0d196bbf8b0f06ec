#include "velo/formats/columns_as.h"

#include <arrow/compute/cast.h>
#include <fmt/format.h>

#include <utility>

namespace velo::formats {

Result<std::shared_ptr<arrow::RecordBatch>> columns_as(
    const std::shared_ptr<arrow::Schema>& schema, const arrow::RecordBatch& rows) {
  arrow::ArrayVector columns = rows.columns();
  for (int i = 0; i < schema->num_fields(); ++i) {
    auto& column = columns[static_cast<size_t>(i)];
    const auto& field = schema->field(i);
    if (column->type()->Equals(*field->type())) continue;
    auto cast = arrow::compute::Cast(*column, field->type());
    if (!cast.ok()) {
      return make_error(
          ErrorKind::kSchemaMismatch, {},
          fmt::format("column '{}': {}", field->name(), cast.status().message()));
    }
    column = *std::move(cast);
  }
  return arrow::RecordBatch::Make(schema, rows.num_rows(), std::move(columns));
}

}  // namespace velo::formats
