// Changes (rows with `_op`) in Debezium's envelope, see envelope.h.

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/formats/avro/encoder.h"
#include "velo/formats/avro/envelope.h"
#include "velo/formats/changes.h"

namespace velo::formats::avro {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

arrow::FieldVector fields_of_source(bool has_time, bool has_position) {
  arrow::FieldVector fields = {arrow::field("connector", arrow::utf8(), false)};
  if (has_time) fields.push_back(arrow::field("ts_ms", arrow::int64()));
  fields.push_back(arrow::field("snapshot", arrow::utf8(), false));
  if (has_position) fields.push_back(arrow::field("position", arrow::utf8()));
  return fields;
}

// A bit for each row of which this holds.
template <typename Holds>
Result<std::shared_ptr<arrow::Buffer>> bits_of(int64_t num_rows, const Holds& holds) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateBitmap(num_rows));
  for (int64_t row = 0; row < num_rows; ++row) {
    arrow::bit_util::SetBitTo(bits->mutable_data(), row, holds(row));
  }
  return bits;
}

Result<ArrayPtr> repeat(std::string_view text, int64_t num_rows) {
  return arrow::MakeArrayFromScalar(arrow::StringScalar(std::string(text)), num_rows);
}

class ChangeEncoder : public Encoder {
 public:
  static Result<std::unique_ptr<Encoder>> make(
      std::shared_ptr<arrow::io::OutputStream> output, const arrow::Schema& schema,
      const WriteOptions& options) {
    ARROW_RETURN_NOT_OK(check_change_columns(schema));
    auto encoder = std::make_unique<ChangeEncoder>();
    encoder->rows_ = columns_of_changed_rows(schema)->fields();
    const auto before = schema.GetFieldByName(kBeforeColumn);
    encoder->before_ = before ? before->type()->fields() : encoder->rows_;
    encoder->source_ = fields_of_source(schema.GetFieldIndex(kChangeTimeColumn) >= 0,
                                        schema.GetFieldIndex(kChangePositionColumn) >= 0);
    arrow::FieldVector parts = {
        arrow::field("before", arrow::struct_(encoder->before_)),
        arrow::field("after", arrow::struct_(encoder->rows_)),
        arrow::field("source", arrow::struct_(encoder->source_), false),
        arrow::field("op", arrow::utf8(), false)};
    if (schema.GetFieldIndex(kChangeTimeColumn) >= 0) {
      parts.push_back(arrow::field("ts_ms", arrow::int64()));
    }
    encoder->schema_ = arrow::schema(std::move(parts));
    ARROW_ASSIGN_OR_RAISE(encoder->envelopes_,
                          make_encoder(std::move(output), encoder->schema_, options));
    return encoder;
  }

  Status write(const arrow::RecordBatch& rows) override {
    ARROW_RETURN_NOT_OK(read_operations(rows));
    num_rows_ += rows.num_rows();
    ARROW_ASSIGN_OR_RAISE(auto after, columns_of(rows));
    ARROW_ASSIGN_OR_RAISE(auto before, columns_before(rows, after));
    arrow::ArrayVector parts(4);
    ARROW_ASSIGN_OR_RAISE(parts[0], row_or_null(before_, before, rows, [&](int64_t row) {
                            return is_before_there(row);
                          }));
    ARROW_ASSIGN_OR_RAISE(parts[1], row_or_null(rows_, after, rows, [&](int64_t row) {
                            return op(row) != 'd' && op(row) != 't';
                          }));
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr millis, millis_of_changes(rows));
    ARROW_ASSIGN_OR_RAISE(parts[2], source_of(rows, millis));
    parts[3] = op_;
    if (millis) parts.push_back(millis);
    return envelopes_->write(*arrow::RecordBatch::Make(schema_, rows.num_rows(), parts));
  }

  int64_t held_bytes() const override { return envelopes_->held_bytes(); }
  Status write_held() override { return envelopes_->write_held(); }
  Status finish() override { return envelopes_->finish(); }

 private:
  char op(int64_t row) const { return op_->GetView(row).front(); }

  bool is_before_there(int64_t row) const {
    return op(row) == 'd' || (op(row) == 'u' && was_sent_before(row));
  }

  bool was_sent_before(int64_t row) const {
    return sent_before_ != nullptr && sent_before_->IsValid(row);
  }

  Status read_operations(const arrow::RecordBatch& rows) {
    op_ = std::static_pointer_cast<arrow::StringArray>(
        rows.GetColumnByName(kOperationColumn));
    sent_before_ =
        std::static_pointer_cast<arrow::StructArray>(rows.GetColumnByName(kBeforeColumn));
    for (int64_t row = 0; row < op_->length(); ++row) {
      std::optional<std::string_view> found;
      if (op_->IsValid(row)) found = op_->GetView(row);
      const Status status = check_operation(found);
      if (!status.ok()) {
        return annotate(status, fmt::format("row {}", num_rows_ + row + 1));
      }
    }
    return Status::OK();
  }

  // Of the rows, with placeholders where a value was not sent.
  Result<arrow::ArrayVector> columns_of(const arrow::RecordBatch& rows) const {
    const auto unset =
        std::static_pointer_cast<arrow::StringArray>(rows.GetColumnByName(kUnsetColumn));
    arrow::ArrayVector columns;
    for (int i = 0; i < rows.num_columns(); ++i) {
      const std::string& name = rows.column_name(i);
      if (is_change_column(name)) continue;
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(),
                            with_placeholders(rows.column(i), name, unset.get()));
    }
    return columns;
  }

  // As they were where that was sent, else of a deleted row as it is.
  Result<arrow::ArrayVector> columns_before(const arrow::RecordBatch& rows,
                                            const arrow::ArrayVector& after) const {
    if (sent_before_ == nullptr) return after;
    ARROW_ASSIGN_OR_RAISE(const auto sent, bits_of(rows.num_rows(), [&](int64_t row) {
                            return was_sent_before(row);
                          }));
    const auto are_sent = std::make_shared<arrow::BooleanArray>(rows.num_rows(), sent);
    ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
    arrow::ArrayVector columns;
    for (int i = 0; i < static_cast<int>(before_.size()); ++i) {
      ARROW_ASSIGN_OR_RAISE(const ArrayPtr was, sent_before_->GetFlattenedField(i));
      const auto& field = before_[static_cast<size_t>(i)];
      arrow::Datum is = arrow::MakeNullScalar(field->type());
      for (size_t at = 0; at < rows_.size(); ++at) {
        const bool is_same = rows_[at]->name() == field->name() &&
                             rows_[at]->type()->Equals(field->type());
        if (is_same) is = after[at];
      }
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum chosen,
                            arrow::compute::CallFunction("if_else", {are_sent, was, is}));
      columns.push_back(chosen.make_array());
    }
    return columns;
  }

  template <typename IsThere>
  static Result<ArrayPtr> row_or_null(const arrow::FieldVector& fields,
                                      const arrow::ArrayVector& columns,
                                      const arrow::RecordBatch& rows,
                                      const IsThere& is_there) {
    ARROW_ASSIGN_OR_RAISE(auto validity, bits_of(rows.num_rows(), is_there));
    return std::make_shared<arrow::StructArray>(arrow::struct_(fields), rows.num_rows(),
                                                columns, std::move(validity));
  }

  // nullptr where the rows have no `_ts`.
  static Result<ArrayPtr> millis_of_changes(const arrow::RecordBatch& rows) {
    const ArrayPtr at = rows.GetColumnByName(kChangeTimeColumn);
    if (at == nullptr) return nullptr;
    const auto unit = static_cast<const arrow::TimestampType&>(*at->type()).unit();
    const auto& times = static_cast<const arrow::TimestampArray&>(*at);
    arrow::Int64Builder millis;
    for (int64_t row = 0; row < times.length(); ++row) {
      ARROW_RETURN_NOT_OK(times.IsValid(row)
                              ? millis.Append(millis_of(times.Value(row), unit))
                              : millis.AppendNull());
    }
    return millis.Finish();
  }

  Result<ArrayPtr> source_of(const arrow::RecordBatch& rows,
                             const ArrayPtr& millis) const {
    arrow::ArrayVector columns(1);
    ARROW_ASSIGN_OR_RAISE(columns[0], repeat("velo", rows.num_rows()));
    if (millis) columns.push_back(millis);
    arrow::StringBuilder snapshot;
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      ARROW_RETURN_NOT_OK(snapshot.Append(op(row) == 'r' ? "true" : "false"));
    }
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), snapshot.Finish());
    const ArrayPtr position = rows.GetColumnByName(kChangePositionColumn);
    if (position) columns.push_back(position);
    return arrow::StructArray::Make(columns, source_);
  }

  arrow::FieldVector rows_;    // their columns
  arrow::FieldVector before_;  // those of the rows as they were
  arrow::FieldVector source_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<Encoder> envelopes_;
  int64_t num_rows_ = 0;
  // Of the batch at hand.
  std::shared_ptr<arrow::StringArray> op_;
  std::shared_ptr<arrow::StructArray> sent_before_;  // nullptr: there is no such column
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_change_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const WriteOptions& options) {
  return ChangeEncoder::make(std::move(output), *schema, options);
}

}  // namespace velo::formats::avro
