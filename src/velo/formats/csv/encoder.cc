#include "velo/formats/csv/encoder.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <utility>

namespace velo::formats {
namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;

// Appends the value of one row to the text; never called for NULL.
using AppendValue = std::function<void(int64_t row, std::string& text)>;

void append_text(std::string_view value, char delimiter, std::string& text) {
  // At the front of a file a byte order mark would be taken for what it is not.
  bool quote = value.empty() || value.starts_with("\xEF\xBB\xBF");
  for (const char c : value) {
    quote |= c == delimiter || c == '"' || c == '\n' || c == '\r';
  }
  if (!quote) {
    text += value;
    return;
  }
  text += '"';
  for (const char c : value) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

template <typename Number>
void append_number(Number value, std::string& text) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  text.append(digits, end);
}

template <typename ArrayType>
AppendValue number_column(const std::shared_ptr<arrow::Array>& array) {
  const auto* values = static_cast<const ArrayType&>(*array).raw_values();
  return [values](int64_t row, std::string& text) { append_number(values[row], text); };
}

template <typename ArrayType>
AppendValue text_column(const std::shared_ptr<arrow::Array>& array, char delimiter) {
  const auto* values = static_cast<const ArrayType*>(array.get());
  return [values, delimiter](int64_t row, std::string& text) {
    append_text(values->GetView(row), delimiter, text);
  };
}

AppendValue bool_column(const std::shared_ptr<arrow::Array>& array) {
  const auto* values = static_cast<const arrow::BooleanArray*>(array.get());
  return [values](int64_t row, std::string& text) {
    text += values->Value(row) ? "true" : "false";
  };
}

// Whether Arrow's own cast to text says all of a value.
bool casts_to_text(const arrow::DataType& type) {
  return arrow::is_decimal(type.id()) || arrow::is_temporal(type.id()) ||
         type.id() == arrow::Type::HALF_FLOAT || type.id() == arrow::Type::STRING_VIEW ||
         type.id() == arrow::Type::LARGE_STRING || type.id() == arrow::Type::NA;
}

const arrow::DataType& value_type(const arrow::DataType& type) {
  if (type.id() != arrow::Type::DICTIONARY) return type;
  return *static_cast<const arrow::DictionaryType&>(type).value_type();
}

class CsvEncoder : public Encoder {
 public:
  CsvEncoder(std::shared_ptr<arrow::io::OutputStream> output, const CsvDialect& dialect)
      : output_(std::move(output)), dialect_(dialect) {}

  Status open(const arrow::Schema& schema) {
    for (const auto& field : schema.fields()) ARROW_RETURN_NOT_OK(check(*field));
    if (!dialect_.header) return Status::OK();
    for (int i = 0; i < schema.num_fields(); ++i) {
      if (i > 0) text_ += dialect_.delimiter;
      append_text(schema.field(i)->name(), dialect_.delimiter, text_);
    }
    text_ += '\n';
    return Status::OK();
  }

  Status write(const arrow::RecordBatch& rows) override {
    arrow::ArrayVector arrays;
    std::vector<AppendValue> columns;
    for (const auto& column : rows.columns()) {
      ARROW_ASSIGN_OR_RAISE(auto array, as_writable(column));
      columns.push_back(appender(array));
      arrays.push_back(std::move(array));
    }
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      for (size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text_ += dialect_.delimiter;
        if (!arrays[i]->IsNull(row)) columns[i](row, text_);
      }
      text_ += '\n';
      if (text_.size() >= kFlushBytes) ARROW_RETURN_NOT_OK(flush());
    }
    return Status::OK();
  }

  Status finish() override { return flush(); }

 private:
  static Status check(const arrow::Field& field) {
    const arrow::DataType& type = value_type(*field.type());
    if (arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
        type.id() == arrow::Type::BOOL || type.id() == arrow::Type::STRING ||
        casts_to_text(type)) {
      return Status::OK();
    }
    return make_error(
        ErrorKind::kSchemaMismatch, {},
        fmt::format(
            "column '{}' is {}, which CSV cannot hold; choose its parts or CAST it "
            "to text in the SELECT, or write JSON or Parquet",
            field.name(), type.ToString()));
  }

  // The column as one of the types that appender() knows.
  static Result<std::shared_ptr<arrow::Array>> as_writable(
      std::shared_ptr<arrow::Array> column) {
    const auto cast = [](const arrow::Array& array,
                         const std::shared_ptr<arrow::DataType>& type) {
      return arrow::compute::Cast(array, type);
    };
    if (column->type_id() == arrow::Type::DICTIONARY) {
      const auto& type = static_cast<const arrow::DictionaryType&>(*column->type());
      ARROW_ASSIGN_OR_RAISE(column, cast(*column, type.value_type()));
    }
    if (column->type_id() == arrow::Type::TIMESTAMP) {
      // An instant is written in UTC, whatever zone it is shown in.
      const auto& type = static_cast<const arrow::TimestampType&>(*column->type());
      if (!type.timezone().empty()) {
        ARROW_ASSIGN_OR_RAISE(column, column->View(arrow::timestamp(type.unit(), "UTC")));
      }
    }
    if (casts_to_text(*column->type())) return cast(*column, arrow::utf8());
    return column;
  }

  AppendValue appender(const std::shared_ptr<arrow::Array>& array) const {
    switch (array->type_id()) {
      case arrow::Type::INT8:
        return number_column<arrow::Int8Array>(array);
      case arrow::Type::INT16:
        return number_column<arrow::Int16Array>(array);
      case arrow::Type::INT32:
        return number_column<arrow::Int32Array>(array);
      case arrow::Type::INT64:
        return number_column<arrow::Int64Array>(array);
      case arrow::Type::UINT8:
        return number_column<arrow::UInt8Array>(array);
      case arrow::Type::UINT16:
        return number_column<arrow::UInt16Array>(array);
      case arrow::Type::UINT32:
        return number_column<arrow::UInt32Array>(array);
      case arrow::Type::UINT64:
        return number_column<arrow::UInt64Array>(array);
      case arrow::Type::FLOAT:
        return number_column<arrow::FloatArray>(array);
      case arrow::Type::DOUBLE:
        return number_column<arrow::DoubleArray>(array);
      case arrow::Type::BOOL:
        return bool_column(array);
      default:
        return text_column<arrow::StringArray>(array, dialect_.delimiter);
    }
  }

  Status flush() {
    ARROW_RETURN_NOT_OK(output_->Write(text_.data(), static_cast<int64_t>(text_.size())));
    text_.clear();
    return Status::OK();
  }

  std::shared_ptr<arrow::io::OutputStream> output_;
  const CsvDialect dialect_;
  std::string text_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_csv_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const CsvDialect& dialect) {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  auto encoder = std::make_unique<CsvEncoder>(std::move(output), dialect);
  ARROW_RETURN_NOT_OK(encoder->open(*schema));
  return encoder;
}

}  // namespace velo::formats
