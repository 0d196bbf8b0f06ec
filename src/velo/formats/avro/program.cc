#include "velo/formats/avro/program.h"

#include <fmt/format.h>

#include <utility>

#include "velo/formats/avro/arrow_types.h"
#include "velo/formats/avro/memory_limits.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::avro {

Result<SchemaPtr> as_record(SchemaPtr schema) {
  if (schema->kind == Kind::kRecord) return schema;
  Schema record{.kind = Kind::kRecord};
  record.fields.push_back({.name = "value", .type = std::move(schema)});
  return finish_schema(std::move(record));
}

Result<SchemaPtr> with_fields(const Schema& record, const std::vector<int>& indices) {
  Schema part = record;
  part.fields.clear();
  for (const int index : indices) {
    part.fields.push_back(record.fields[static_cast<size_t>(index)]);
  }
  return finish_schema(std::move(part));
}

Result<std::unique_ptr<Program>> Program::compile(SchemaPtr written, SchemaPtr wanted) {
  ARROW_ASSIGN_OR_RAISE(written, as_record(std::move(written)));
  ARROW_ASSIGN_OR_RAISE(wanted, as_record(std::move(wanted)));
  std::unique_ptr<Program> program(new Program());
  ARROW_ASSIGN_OR_RAISE(program->schema_, arrow_schema_of(*wanted));
  ARROW_ASSIGN_OR_RAISE(auto root,
                        make_column(arrow::struct_(program->schema_->fields())));
  program->root_.reset(static_cast<StructColumn*>(root.release()));
  ARROW_ASSIGN_OR_RAISE(program->step_, resolve(*written, *wanted, *program->root_));
  program->records_take_bytes_ = written->takes_bytes;
  program->row_bytes_ = program->root_->row_bytes();
  if (program->row_bytes_ > kMostRowBytes) {
    return make_error(
        ErrorKind::kNotImplemented, {},
        fmt::format(
            "its columns have {} in each row, whatever is in it, and more than {} "
            "are not read; name some of them in a SELECT",
            with_unit(program->row_bytes_), with_unit(kMostRowBytes)));
  }
  return program;
}

Result<std::shared_ptr<arrow::RecordBatch>> Program::finish() {
  ARROW_ASSIGN_OR_RAISE(auto rows, root_->finish());
  return arrow::RecordBatch::Make(schema_, std::exchange(num_rows_, 0),
                                  std::move(rows->child_data));
}

}  // namespace velo::formats::avro
