#include "velo/formats/text/encoder.h"

#include <arrow/array/array_binary.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "velo/formats/record_limit.h"
#include "velo/formats/text_buffer.h"

namespace velo::formats {
namespace {

bool is_text(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return true;
    case arrow::Type::DICTIONARY:
      return is_text(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      return false;
  }
}

class TextEncoder : public Encoder {
 public:
  TextEncoder(std::shared_ptr<arrow::io::OutputStream> output, int64_t max_record_bytes)
      : output_(std::move(output)), max_record_bytes_(max_record_bytes) {}

  Status write(const arrow::RecordBatch& rows) override {
    std::shared_ptr<arrow::Array> column = rows.column(0);
    if (column->type_id() != arrow::Type::STRING) {
      ARROW_ASSIGN_OR_RAISE(column, arrow::compute::Cast(*column, arrow::utf8()));
    }
    const auto& lines = static_cast<const arrow::StringArray&>(*column);
    for (int64_t row = 0; row < lines.length(); ++row) {
      ++num_rows_;
      const Status status = write_line(lines, row);
      if (!status.ok()) return annotate(status, fmt::format("row {}", num_rows_));
    }
    return flush();
  }

  Status finish() override { return flush(); }

 private:
  Status write_line(const arrow::StringArray& lines, int64_t row) {
    const auto refused = [](const char* why) {
      return make_error(ErrorKind::kSchemaMismatch, {}, why);
    };
    if (lines.IsNull(row)) {
      return refused("a line cannot be NULL; COALESCE it, or leave it out with WHERE");
    }
    const std::string_view line = lines.GetView(row);
    if (line.find('\n') != std::string_view::npos || line.ends_with('\r')) {
      return refused(
          "a text with a line break would be read as two lines; replace it, or "
          "write CSV or JSON");
    }
    ARROW_RETURN_NOT_OK(
        check_written(static_cast<int64_t>(line.size()), max_record_bytes_));
    text_.room(line.size() + 1);
    text_.put(line);
    text_.put('\n');
    return Status::OK();
  }

  Status flush() {
    if (text_.size() == 0) return Status::OK();
    const std::string_view text = text_.text();
    ARROW_RETURN_NOT_OK(output_->Write(text.data(), static_cast<int64_t>(text.size())));
    text_.clear();
    return Status::OK();
  }

  const std::shared_ptr<arrow::io::OutputStream> output_;
  const int64_t max_record_bytes_;
  TextBuffer text_;
  int64_t num_rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_text_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, int64_t max_record_bytes) {
  if (schema->num_fields() != 1) {
    return make_error(
        ErrorKind::kSchemaMismatch, {},
        fmt::format("text has one column, and there are {}: {}; choose one in the SELECT",
                    schema->num_fields(), fmt::join(schema->field_names(), ", ")));
  }
  const arrow::Field& field = *schema->field(0);
  if (!is_text(*field.type())) {
    return make_error(
        ErrorKind::kSchemaMismatch, {},
        fmt::format("column '{}' is {}, and a line is text; CAST it to text "
                    "in the SELECT",
                    field.name(), field.type()->ToString()));
  }
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  return std::make_unique<TextEncoder>(std::move(output), max_record_bytes);
}

}  // namespace velo::formats
