#include "velo/formats/avro/columns.h"

#include <arrow/util/decimal.h>
#include <fmt/format.h>

namespace velo::formats::avro {

Result<std::shared_ptr<arrow::ArrayData>> BooleanColumn::finish() {
  const int64_t num_rows = num_rows_;
  ARROW_ASSIGN_OR_RAISE(auto array, FixedColumn::finish());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(num_rows));
  const uint8_t* bytes = array->buffers[1]->data();
  uint8_t* to = bits->mutable_data();
  for (int64_t i = 0; i < num_rows; ++i) {
    to[i >> 3] = static_cast<uint8_t>(to[i >> 3] | bytes[i] << (i & 7));
  }
  array->buffers[1] = std::move(bits);
  return array;
}

Result<std::shared_ptr<arrow::ArrayData>> NullColumn::finish() {
  const int64_t num_rows = std::exchange(num_rows_, 0);
  return arrow::ArrayData::Make(type_, num_rows, {nullptr}, num_rows);
}

bool FixedBytesColumn::append(const uint8_t* bytes, Run& run) {
  const int64_t begin = num_rows_ * num_bytes_;
  const Status status = buffer_.grow(begin + num_bytes_);
  if (!status.ok()) return run.fail_status(status);
  std::memcpy(buffer_.data() + begin, bytes, static_cast<size_t>(num_bytes_));
  ++num_rows_;
  return true;
}

bool FixedBytesColumn::append_empty(Run& run) {
  const int64_t begin = num_rows_ * num_bytes_;
  const Status status = buffer_.grow(begin + num_bytes_);
  if (!status.ok()) return run.fail_status(status);
  std::memset(buffer_.data() + begin, 0, static_cast<size_t>(num_bytes_));
  ++num_rows_;
  return true;
}

Result<std::shared_ptr<arrow::ArrayData>> FixedBytesColumn::finish() {
  ARROW_ASSIGN_OR_RAISE(auto bytes, buffer_.finish(num_rows_ * num_bytes_));
  return finish_array({std::move(bytes)});
}

bool TextColumn::append_empty(Run& run) {
  const uint8_t nothing[kPaddingBytes] = {};
  return append(nothing, 0, run);
}

bool TextColumn::grow(int64_t num_bytes, Run& run) {
  constexpr auto kWidth = static_cast<int64_t>(sizeof(int32_t));
  Status status = offsets_.grow((num_rows_ + 2) * kWidth);
  if (status.ok()) status = bytes_.grow(end_ + num_bytes + kPaddingBytes);
  if (!status.ok()) return run.fail_status(status);
  offsets()[num_rows_] = static_cast<int32_t>(end_);
  capacity_ = offsets_.capacity_bytes() / kWidth;
  room_ = bytes_.capacity_bytes();
  return true;
}

void TextColumn::truncate(int64_t num_rows) {
  if (num_rows == num_rows_) return;
  end_ = offsets()[num_rows];
  truncate_rows(num_rows);
}

Result<std::shared_ptr<arrow::ArrayData>> TextColumn::finish() {
  Run run;
  if (capacity_ == 0 && !grow(0, run)) return run.status;
  ARROW_ASSIGN_OR_RAISE(
      auto offsets,
      offsets_.finish((num_rows_ + 1) * static_cast<int64_t>(sizeof(int32_t))));
  ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.finish(end_));
  capacity_ = 0;
  room_ = 0;
  end_ = 0;
  return finish_array({std::move(offsets), std::move(bytes)});
}

bool ListColumn::append(Run& run) {
  const Status status =
      offsets_.grow((num_rows_ + 2) * static_cast<int64_t>(sizeof(int32_t)));
  if (!status.ok()) return run.fail_status(status);
  offsets()[0] = 0;
  offsets()[++num_rows_] = static_cast<int32_t>(items_->num_rows());
  return true;
}

void ListColumn::truncate(int64_t num_rows) {
  items_->truncate(num_rows == 0 ? 0 : offsets()[num_rows]);
  truncate_rows(num_rows);
}

Result<std::shared_ptr<arrow::ArrayData>> ListColumn::finish() {
  const int64_t num_bytes = (num_rows_ + 1) * static_cast<int64_t>(sizeof(int32_t));
  ARROW_RETURN_NOT_OK(offsets_.grow(num_bytes));
  offsets()[0] = 0;
  ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.finish(num_bytes));
  ARROW_ASSIGN_OR_RAISE(auto items, items_->finish());
  return finish_array({std::move(offsets)}, {std::move(items)});
}

int64_t StructColumn::row_bytes() const {
  int64_t num_bytes = 0;
  for (const auto& field : fields_) num_bytes += field->row_bytes();
  return num_bytes;
}

bool StructColumn::append_empty(Run& run) {
  for (size_t i = 0; i < fields_.size(); ++i) {
    const bool nullable = type_->field(static_cast<int>(i))->nullable();
    Column& field = *fields_[i];
    if (!(nullable ? field.append_null(run) : field.append_empty(run))) return false;
  }
  ++num_rows_;
  return true;
}

void StructColumn::truncate(int64_t num_rows) {
  for (const auto& field : fields_) field->truncate(num_rows);
  truncate_rows(num_rows);
}

Result<std::shared_ptr<arrow::ArrayData>> StructColumn::finish() {
  arrow::ArrayDataVector children;
  for (const auto& field : fields_) {
    ARROW_ASSIGN_OR_RAISE(auto child, field->finish());
    children.push_back(std::move(child));
  }
  return finish_array({}, std::move(children));
}

namespace {

Result<std::unique_ptr<Column>> make_struct(const std::shared_ptr<arrow::DataType>& type,
                                            const arrow::FieldVector& fields) {
  std::vector<std::unique_ptr<Column>> columns;
  for (const auto& field : fields) {
    ARROW_ASSIGN_OR_RAISE(auto column, make_column(field->type()));
    columns.push_back(std::move(column));
  }
  return std::make_unique<StructColumn>(type, std::move(columns));
}

}  // namespace

Result<std::unique_ptr<Column>> make_column(
    const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::NA:
      return std::make_unique<NullColumn>();
    case arrow::Type::BOOL:
      return std::make_unique<BooleanColumn>();
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
    case arrow::Type::TIME32:
      return std::make_unique<FixedColumn<int32_t>>(type);
    case arrow::Type::INT64:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
      return std::make_unique<FixedColumn<int64_t>>(type);
    case arrow::Type::FLOAT:
      return std::make_unique<FixedColumn<float>>(type);
    case arrow::Type::DOUBLE:
      return std::make_unique<FixedColumn<double>>(type);
    case arrow::Type::DECIMAL128:
      return std::make_unique<FixedColumn<arrow::Decimal128>>(type);
    case arrow::Type::DECIMAL256:
      return std::make_unique<FixedColumn<arrow::Decimal256>>(type);
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return std::make_unique<TextColumn>(type);
    case arrow::Type::FIXED_SIZE_BINARY:
      return std::make_unique<FixedBytesColumn>(
          type, static_cast<const arrow::FixedSizeBinaryType&>(*type).byte_width());
    case arrow::Type::STRUCT:
      return make_struct(type, type->fields());
    case arrow::Type::LIST:
    case arrow::Type::MAP: {
      ARROW_ASSIGN_OR_RAISE(auto items, make_column(type->field(0)->type()));
      return std::make_unique<ListColumn>(type, std::move(items));
    }
    default:
      return make_error(ErrorKind::kInternal, {},
                        fmt::format("no Avro type is read as {}", type->ToString()));
  }
}

}  // namespace velo::formats::avro
