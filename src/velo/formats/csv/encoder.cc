#include "velo/formats/csv/encoder.h"

#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "velo/formats/csv/value_writer.h"

namespace velo::formats {
namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;

class CsvEncoder : public Encoder {
 public:
  CsvEncoder(std::shared_ptr<arrow::io::OutputStream> output, const CsvDialect& dialect)
      : output_(std::move(output)),
        dialect_(dialect),
        delimiter_(dialect.delimiter.value_or(',')),
        rules_(dialect) {}

  Status open(const arrow::Schema& schema) {
    for (const auto& field : schema.fields()) {
      auto column = make_csv_writer(*field->type(), dialect_.notation, rules_,
                                    /*begins_record=*/columns_.empty());
      if (!column) return cannot_hold(*field);
      columns_.push_back(std::move(column));
    }
    if (dialect_.header == CsvHeader::kNo) return Status::OK();
    for (int i = 0; i < schema.num_fields(); ++i) {
      if (i > 0) text_.put(delimiter_);
      ARROW_RETURN_NOT_OK(rules_.put_text(schema.field(i)->name(), i == 0, text_));
    }
    text_.put(dialect_.line_end);
    return Status::OK();
  }

  Status write(const arrow::RecordBatch& rows) override {
    for (size_t i = 0; i < columns_.size(); ++i) {
      ARROW_RETURN_NOT_OK(columns_[i]->bind(rows.column(static_cast<int>(i))));
    }
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      ++num_rows_;
      const auto begin = static_cast<int64_t>(text_.size());
      for (size_t i = 0; i < columns_.size(); ++i) {
        if (i > 0) text_.put(delimiter_);
        if (columns_[i]->is_null(row)) {
          put_null();
          continue;
        }
        const Status status = columns_[i]->write(row, text_);
        if (!status.ok())
          return locate(status, rows.schema()->field(static_cast<int>(i)));
      }
      const auto num_bytes = static_cast<int64_t>(text_.size()) - begin;
      const Status status = check_written(num_bytes, dialect_.max_record_bytes);
      if (!status.ok()) return annotate(status, fmt::format("row {}", num_rows_));
      text_.put(dialect_.line_end);
      if (text_.size() >= kFlushBytes) ARROW_RETURN_NOT_OK(flush());
    }
    return flush();
  }

  Status finish() override { return flush(); }

 private:
  static Status cannot_hold(const arrow::Field& field) {
    return make_error(
        ErrorKind::kSchemaMismatch, {},
        fmt::format(
            "column '{}' is {}, which CSV cannot hold; choose its parts or CAST it "
            "to text in the SELECT, or write JSON or Parquet",
            field.name(), field.type()->ToString()));
  }

  static Status locate(const Status& status, const std::shared_ptr<arrow::Field>& field) {
    return annotate(status, fmt::format("column '{}'", field->name()));
  }

  void put_null() {
    if (!rules_.null_text().empty()) text_.put(rules_.null_text());
  }

  Status flush() {
    if (text_.size() == 0) return Status::OK();
    const std::string_view text = text_.text();
    ARROW_RETURN_NOT_OK(output_->Write(text.data(), static_cast<int64_t>(text.size())));
    text_.clear();
    return Status::OK();
  }

  std::shared_ptr<arrow::io::OutputStream> output_;
  const CsvDialect dialect_;
  const char delimiter_;
  const CsvTextRules rules_;
  std::vector<std::unique_ptr<ValueWriter>> columns_;
  TextBuffer text_;
  int64_t num_rows_ = 0;
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
