// Changes (rows with `_op`) in Debezium's envelope, see envelope.h.

#include <arrow/array.h>
#include <arrow/builder.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/formats/json/encoder.h"
#include "velo/formats/json/envelope.h"
#include "velo/formats/json/quoted_text.h"
#include "velo/formats/json/value_writer.h"

namespace velo::formats::json {
namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;

Status mismatch(std::string message) {
  return make_error(ErrorKind::kSchemaMismatch, {}, std::move(message));
}

// Errors: a column of the change that is of another type than it has.
Status check_type(const arrow::Schema& schema, const char* name, arrow::Type::type type,
                  const char* shown) {
  const auto field = schema.GetFieldByName(name);
  if (!field || field->type()->id() == type) return Status::OK();
  return mismatch(fmt::format("column '{}' is {}, and envelope=debezium takes {}", name,
                              field->type()->ToString(), shown));
}

Status check_columns(const arrow::Schema& schema) {
  if (schema.GetFieldIndex(kOperationColumn) < 0) {
    return mismatch(
        "envelope=debezium writes changes, and these rows have no column '_op'; read "
        "them "
        "from a source of changes (postgresql: cdc=true), and SELECT _op too, or leave "
        "envelope out");
  }
  for (const char* name : {kOperationColumn, kChangePositionColumn, kUnsetColumn}) {
    ARROW_RETURN_NOT_OK(check_type(schema, name, arrow::Type::STRING, "text"));
  }
  ARROW_RETURN_NOT_OK(check_type(schema, kBeforeColumn, arrow::Type::STRUCT, "a struct"));
  return check_type(schema, kChangeTimeColumn, arrow::Type::TIMESTAMP, "a timestamp");
}

// The column with Debezium's placeholder where the value was not sent.
template <typename Array, typename Builder>
Result<std::shared_ptr<arrow::Array>> fill_texts(const arrow::Array& column,
                                                 const std::vector<bool>& is_unset) {
  const auto& values = static_cast<const Array&>(column);
  Builder builder(column.type(), arrow::default_memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(values.length()));
  for (int64_t row = 0; row < values.length(); ++row) {
    if (is_unset[static_cast<size_t>(row)]) {
      ARROW_RETURN_NOT_OK(builder.Append(kUnavailableValue));
    } else if (values.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(values.GetView(row)));
    }
  }
  return builder.Finish();
}

Result<std::shared_ptr<arrow::Array>> fill(const std::shared_ptr<arrow::Array>& column,
                                           const std::string& name,
                                           const std::vector<bool>& is_unset) {
  switch (column->type_id()) {
    case arrow::Type::STRING:
      return fill_texts<arrow::StringArray, arrow::StringBuilder>(*column, is_unset);
    case arrow::Type::LARGE_STRING:
      return fill_texts<arrow::LargeStringArray, arrow::LargeStringBuilder>(*column,
                                                                            is_unset);
    case arrow::Type::BINARY:
      return fill_texts<arrow::BinaryArray, arrow::BinaryBuilder>(*column, is_unset);
    case arrow::Type::LARGE_BINARY:
      return fill_texts<arrow::LargeBinaryArray, arrow::LargeBinaryBuilder>(*column,
                                                                            is_unset);
    default:
      return mismatch(fmt::format(
          "column '{}' is {}, and its value was not sent by an UPDATE that left it as it "
          "was: Debezium has a word for that in columns of text and bytes only. With "
          "ALTER TABLE … REPLICA IDENTITY FULL everything is sent",
          name, column->type()->ToString()));
  }
}

class ChangeEncoder : public Encoder {
 public:
  static Result<std::unique_ptr<Encoder>> make(
      std::shared_ptr<arrow::io::OutputStream> output, const arrow::Schema& schema,
      int64_t max_record_bytes) {
    ARROW_RETURN_NOT_OK(check_columns(schema));
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
      const auto unit = static_cast<const arrow::TimestampType&>(*at->type()).unit();
      per_milli_ = unit == arrow::TimeUnit::MICRO  ? 1'000
                   : unit == arrow::TimeUnit::NANO ? 1'000'000
                                                   : 1;
      of_milli_ = unit == arrow::TimeUnit::SECOND ? 1'000 : 1;
      at_ = std::static_pointer_cast<arrow::TimestampArray>(at);
    }
    if (before_) ARROW_RETURN_NOT_OK(before_writer_->bind(before_));
    arrow::ArrayVector columns;
    for (int i = 0; i < rows.num_columns(); ++i) {
      const std::string& name = rows.column_name(i);
      if (is_change_column(name)) continue;
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), filled(rows.column(i), name));
    }
    return row_.bind(columns);
  }

  Result<std::shared_ptr<arrow::Array>> filled(
      const std::shared_ptr<arrow::Array>& values, const std::string& name) const {
    if (!unset_ || unset_->null_count() == unset_->length()) return values;
    std::vector<bool> is_unset_in_row(static_cast<size_t>(values->length()));
    bool any = false;
    for (int64_t row = 0; row < unset_->length(); ++row) {
      if (unset_->IsNull(row) || !is_unset(unset_->GetView(row), name)) continue;
      is_unset_in_row[static_cast<size_t>(row)] = any = true;
    }
    return any ? fill(values, name, is_unset_in_row) : values;
  }

  Status put_change(int64_t row) {
    const std::string_view op =
        op_->IsValid(row) ? op_->GetView(row) : std::string_view();
    if (op.size() != 1 || std::string_view("rcudt").find(op) == std::string_view::npos) {
      return mismatch(
          fmt::format("column '_op' is {}, which is none of r, c, u, d and t",
                      op_->IsValid(row) ? fmt::format("'{}'", op) : std::string("NULL")));
    }
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

  // To the millisecond below.
  void put_time(int64_t row) {
    if (!at_ || at_->IsNull(row)) return;
    const int64_t value = at_->Value(row);
    const int64_t millis = value / per_milli_ - (value % per_milli_ < 0 ? 1 : 0);
    text_.put(fmt::format(R"(,"ts_ms":{})", millis * of_milli_));
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
  int64_t per_milli_ = 1;  // units of at_
  int64_t of_milli_ = 1;   // milliseconds of a unit
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_change_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, int64_t max_record_bytes) {
  return ChangeEncoder::make(std::move(output), *schema, max_record_bytes);
}

}  // namespace velo::formats::json
