#include "velo/connectors/postgresql/cdc/change_rows.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/big_endian.h"
#include "velo/base/hex.h"
#include "velo/columnar/change_columns.h"

namespace velo::postgresql {
namespace {

constexpr uint32_t kNull = 0xFFFFFFFF;
constexpr size_t kUuidBytes = 16;

void append_field(std::string& row, std::string_view bytes) {
  append_big_endian(row, static_cast<uint32_t>(bytes.size()));
  row += bytes;
}

// "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".
std::string uuid_text(std::string_view bytes) {
  std::string text = hex_encode(bytes);
  for (const size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

// The value as the column's decoder takes it; nullopt where it is none of its form.
std::optional<std::string> text_of(ValueForm form, std::string_view bytes) {
  switch (form) {
    case ValueForm::kUuid:
      if (bytes.size() != kUuidBytes) return {};
      return uuid_text(bytes);
    case ValueForm::kJsonb:
      if (!bytes.starts_with('\1')) return {};
      return std::string(bytes.substr(1));
    case ValueForm::kPadded:
      return std::string(bytes.substr(0, bytes.find_last_not_of(' ') + 1));
    case ValueForm::kAsIs:
      break;
  }
  return std::string(bytes);
}

Status corrupt(const CapturedTable& table, const ChangeMark& mark, std::string message) {
  return make_error(ErrorKind::kCorruptData,
                    {.connector = "postgresql",
                     .resource = table.split(),
                     .position = lsn_text(mark.position.lsn)},
                    std::move(message));
}

}  // namespace

Result<std::unique_ptr<ChangeRows>> ChangeRows::make(
    const CapturedTable& table, const std::optional<std::vector<std::string>>& columns) {
  const auto schema = table.change_schema();
  arrow::FieldVector of_table = schema->fields();
  of_table.resize(table.columns.size());
  ARROW_ASSIGN_OR_RAISE(auto decoder, CopyDecoder::make(arrow::schema(of_table)));
  std::unique_ptr<ChangeRows> rows(new ChangeRows(table, std::move(decoder)));
  rows->schema_ = schema;
  const bool is_wanted = !columns || std::ranges::count(*columns, kBeforeColumn) > 0;
  if (table.with_before && is_wanted) {
    ARROW_ASSIGN_OR_RAISE(rows->before_, CopyDecoder::make(arrow::schema(of_table)));
    ARROW_RETURN_NOT_OK(rows->before_->decode(CopyEncoder::header()));
  }
  if (!columns) return rows;
  rows->indices_.emplace();
  for (const std::string& name : *columns) {
    rows->indices_->push_back(schema->GetFieldIndex(name));
    if (rows->indices_->back() >= 0) continue;
    return make_error(ErrorKind::kInvalidArgument,
                      {.connector = "postgresql", .resource = table.split()},
                      fmt::format("there is no column '{}'", name));
  }
  return rows;
}

Status ChangeRows::append_copied(std::string_view bytes, const ChangeMark& mark) {
  const int64_t before = num_rows();
  has_header_ = true;
  ARROW_RETURN_NOT_OK(decoder_->decode(bytes));
  for (int64_t row = before; row < num_rows(); ++row) {
    ARROW_RETURN_NOT_OK(append_before(nullptr, mark));
    ARROW_RETURN_NOT_OK(append_mark(mark, {}));
  }
  return Status::OK();
}

Status ChangeRows::append(const Tuple& row, const Tuple* before, const ChangeMark& mark) {
  if (!std::exchange(has_header_, true)) {
    ARROW_RETURN_NOT_OK(decoder_->decode(CopyEncoder::header()));
  }
  ARROW_RETURN_NOT_OK(append_before(before, mark));
  ARROW_RETURN_NOT_OK(encode(row, mark));
  const Status status = decoder_->decode(row_);
  if (!status.ok()) return corrupt(table_, mark, status.message());
  return append_mark(mark, unset_of_row_);
}

Status ChangeRows::append_before(const Tuple* before, const ChangeMark& mark) {
  if (!before_) return Status::OK();
  ARROW_RETURN_NOT_OK(encode(before ? *before : Tuple(table_.columns.size()), mark));
  const Status status = before_->decode(row_);
  if (!status.ok()) return corrupt(table_, mark, status.message());
  return has_before_.Append(before != nullptr);
}

Status ChangeRows::encode(const Tuple& row, const ChangeMark& mark) {
  if (row.size() != table_.columns.size()) {
    return corrupt(table_, mark, "a row has another number of values than the table");
  }
  row_.clear();
  unset_of_row_.clear();
  append_big_endian(row_, static_cast<uint16_t>(row.size()));
  for (size_t i = 0; i < row.size(); ++i) {
    const CapturedColumn& column = table_.columns[i];
    const TupleField& field = row[i];
    if (field.kind == TupleField::Kind::kText) {
      return corrupt(table_, mark,
                     fmt::format("column '{}' was sent as text", column.result.name));
    }
    if (field.kind == TupleField::Kind::kUnchanged) {
      if (!unset_of_row_.empty()) unset_of_row_ += ',';
      unset_of_row_ += name_in_unset(column.result.name);
    }
    if (field.kind != TupleField::Kind::kBinary) {
      append_big_endian(row_, kNull);
    } else if (column.form == ValueForm::kAsIs) {
      append_field(row_, field.bytes);
    } else {
      const auto text = text_of(column.form, field.bytes);
      if (!text) {
        return corrupt(
            table_, mark,
            fmt::format("column '{}': its value is not of its type", column.result.name));
      }
      append_field(row_, *text);
    }
  }
  return Status::OK();
}

Status ChangeRows::append_empty(const ChangeMark& mark) {
  return append(Tuple(table_.columns.size()), nullptr, mark);
}

Status ChangeRows::append_mark(const ChangeMark& mark, std::string_view unset) {
  ARROW_RETURN_NOT_OK(op_.Append(&mark.op, 1));
  ARROW_RETURN_NOT_OK(at_.Append(mark.at));
  ARROW_RETURN_NOT_OK(position_.Append(hex_encode(encode_position(mark.position).bytes)));
  return unset.empty() ? unset_.AppendNull() : unset_.Append(unset);
}

// Of columns that nobody wants, it is all NULL.
Result<std::shared_ptr<arrow::Array>> ChangeRows::take_before(int64_t num_rows) {
  const auto type = schema_->GetFieldByName(kBeforeColumn)->type();
  if (!before_) return arrow::MakeArrayOfNull(type, num_rows);
  ARROW_ASSIGN_OR_RAISE(const auto rows, before_->take());
  const int64_t num_nulls = has_before_.false_count();
  ARROW_ASSIGN_OR_RAISE(auto validity, has_before_.Finish());
  return std::make_shared<arrow::StructArray>(type, rows->num_rows(), rows->columns(),
                                              std::move(validity), num_nulls);
}

Result<std::shared_ptr<arrow::RecordBatch>> ChangeRows::take() {
  ARROW_ASSIGN_OR_RAISE(const auto of_table, decoder_->take());
  arrow::ArrayVector columns = of_table->columns();
  for (arrow::ArrayBuilder* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&op_, &at_, &position_, &unset_}) {
    ARROW_ASSIGN_OR_RAISE(auto column, builder->Finish());
    columns.push_back(std::move(column));
  }
  if (table_.with_before) {
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), take_before(of_table->num_rows()));
  }
  auto rows = arrow::RecordBatch::Make(schema_, of_table->num_rows(), std::move(columns));
  return indices_ ? rows->SelectColumns(*indices_) : Result(std::move(rows));
}

}  // namespace velo::postgresql
