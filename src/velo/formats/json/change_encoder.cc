// Changes (rows with `_op`) in Debezium's envelope, see envelope.h.

#include <arrow/array.h>
#include <arrow/builder.h>
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/formats/changes.h"
#include "velo/formats/json/encoder.h"
#include "velo/formats/json/quoted_text.h"
#include "velo/formats/json/value_writer.h"

namespace velo::formats::json {
namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;

class ChangeEncoder : public Encoder {
 public:
  static Result<std::unique_ptr<Encoder>> make(
      std::shared_ptr<arrow::io::OutputStream> output, const arrow::Schema& schema,
      int64_t max_record_bytes) {
    ARROW_RETURN_NOT_OK(check_change_columns(schema));
    const auto columns = columns_of_changed_rows(schema);
    ARROW_ASSIGN_OR_RAISE(auto row, ObjectWriter::make(columns->fields()));
    std::unique_ptr<ChangeEncoder> encoder(
        new ChangeEncoder(std::move(output), std::move(row), max_record_bytes));
    const auto before = schema.GetFieldByName(kBeforeColumn);
    if (before) {
      ARROW_ASSIGN_OR_RAISE(encoder->before_writer_, make_value_writer(before->type()));
    }
    return encoder;
  }

  Status write(const arrow::RecordBatch& rows) override {
    ARROW_RETURN_NOT_OK(bind(rows));
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      ++num_rows_;
      const auto begin = static_cast<int64_t>(text_.size());
      Status status = put_change(row);
      const auto num_bytes = static_cast<int64_t>(text_.size()) - begin;
      if (status.ok()) status = check_written(num_bytes, max_record_bytes_);
      if (!status.ok()) {
        return annotate(std::move(status), fmt::format("row {}", num_rows_));
      }
      text_.put('\n');
      if (text_.size() >= kFlushBytes) ARROW_RETURN_NOT_OK(flush());
    }
    return flush();
  }

  Status finish() override { return flush(); }

 private:
  ChangeEncoder(std::shared_ptr<arrow::io::OutputStream> output, ObjectWriter row,
                int64_t max_record_bytes)
      : output_(std::move(output)),
        row_(std::move(row)),
        max_record_bytes_(max_record_bytes) {}

  template <typename Array>
  static std::shared_ptr<Array> column(const arrow::RecordBatch& rows, const char* name) {
    return std::static_pointer_cast<Array>(rows.GetColumnByName(name));
  }

  Status bind(const arrow::RecordBatch& rows) {
    op_ = column<arrow::StringArray>(rows, kOperationColumn);
    position_ = column<arrow::StringArray>(rows, kChangePositionColumn);
    unset_ = column<arrow::StringArray>(rows, kUnsetColumn);
    before_ = rows.GetColumnByName(kBeforeColumn);
    at_ = nullptr;
    if (const auto at = rows.GetColumnByName(kChangeTimeColumn)) {
      unit_ = static_cast<const arrow::TimestampType&>(*at->type()).unit();
      at_ = std::static_pointer_cast<arrow::TimestampArray>(at);
    }
    if (before_) ARROW_RETURN_NOT_OK(before_writer_->bind(before_));
    arrow::ArrayVector columns;
    for (int i = 0; i < rows.num_columns(); ++i) {
      const std::string& name = rows.column_name(i);
      if (is_change_column(name)) continue;
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(),
                            with_placeholders(rows.column(i), name, unset_.get()));
    }
    return row_.bind(columns);
  }

  Status put_change(int64_t row) {
    std::optional<std::string_view> found;
    if (op_->IsValid(row)) found = op_->GetView(row);
    ARROW_RETURN_NOT_OK(check_operation(found));
    const std::string_view op = *found;
    const bool has_row_before = before_ && before_->IsValid(row);
    text_.put(R"({"before":)");
    if ((op == "u" || op == "d") && has_row_before) {
      ARROW_RETURN_NOT_OK(before_writer_->write(row, text_));
    } else {
      ARROW_RETURN_NOT_OK(put_row(op == "d", row));
    }
    text_.put(R"(,"after":)");
    ARROW_RETURN_NOT_OK(put_row(op != "d" && op != "t", row));
    text_.put(R"(,"source":{"connector":"velo")");
    put_time(row);
    text_.put(op == "r" ? R"(,"snapshot":"true")" : R"(,"snapshot":"false")");
    if (position_ && position_->IsValid(row)) {
      text_.put(R"(,"position":)");
      ARROW_RETURN_NOT_OK(put_quoted(position_->GetView(row), text_));
    }
    text_.put(R"(},"op":")");
    text_.put(op);
    text_.put('"');
    put_time(row);
    text_.put('}');
    return Status::OK();
  }

  Status put_row(bool is_there, int64_t row) {
    if (is_there) return row_.write(row, text_);
    text_.put("null");
    return Status::OK();
  }

  void put_time(int64_t row) {
    if (!at_ || at_->IsNull(row)) return;
    text_.put(fmt::format(R"(,"ts_ms":{})", millis_of(at_->Value(row), unit_)));
  }

  Status flush() {
    if (text_.size() == 0) return Status::OK();
    ARROW_RETURN_NOT_OK(output_->Write(text_.text()));
    text_.clear();
    return Status::OK();
  }

  const std::shared_ptr<arrow::io::OutputStream> output_;
  ObjectWriter row_;
  const int64_t max_record_bytes_;
  std::unique_ptr<ValueWriter> before_writer_;  // nullptr: there is no such column
  TextBuffer text_;
  int64_t num_rows_ = 0;
  // Of the batch at hand; nullptr for a column that it has not.
  std::shared_ptr<arrow::StringArray> op_;
  std::shared_ptr<arrow::StringArray> position_;
  std::shared_ptr<arrow::StringArray> unset_;
  std::shared_ptr<arrow::TimestampArray> at_;
  std::shared_ptr<arrow::Array> before_;
  arrow::TimeUnit::type unit_ = arrow::TimeUnit::MICRO;  // of at_
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_change_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, int64_t max_record_bytes) {
  return ChangeEncoder::make(std::move(output), *schema, max_record_bytes);
}

}  // namespace velo::formats::json
