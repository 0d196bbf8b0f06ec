#include <arrow/builder.h>

#include "velo/columnar/schema_text.h"
#include "velo/sql.h"
#include "velo/sql/rows_source.h"

namespace velo {

Result<std::unique_ptr<DataSource>> describe(const arrow::Schema& schema) {
  arrow::StringBuilder names;
  arrow::StringBuilder types;
  arrow::BooleanBuilder nullable;
  for (const auto& field : schema.fields()) {
    ARROW_RETURN_NOT_OK(names.Append(field->name()));
    ARROW_RETURN_NOT_OK(types.Append(type_name(*field->type())));
    ARROW_RETURN_NOT_OK(nullable.Append(field->nullable()));
  }
  arrow::ArrayVector columns(3);
  ARROW_RETURN_NOT_OK(names.Finish(&columns[0]));
  ARROW_RETURN_NOT_OK(types.Finish(&columns[1]));
  ARROW_RETURN_NOT_OK(nullable.Finish(&columns[2]));
  return sql::make_rows_source(arrow::RecordBatch::Make(
      arrow::schema({arrow::field("name", arrow::utf8()),
                     arrow::field("type", arrow::utf8()),
                     arrow::field("nullable", arrow::boolean())}),
      schema.num_fields(), std::move(columns)));
}

}  // namespace velo
