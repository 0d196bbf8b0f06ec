#include "velo/formats/json/change_decoder.h"

#include <arrow/array.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/columnar/change_columns.h"

namespace velo::formats::json {
namespace {

// Whether a value stands for one that was not sent.
template <typename Array>
bool is_unavailable(const Array& array, int64_t row) {
  return array.IsValid(row) && array.GetView(row) == kUnavailableValue;
}

// The rows whose value was not sent.
template <typename Array>
std::vector<int64_t> unavailable_rows(const arrow::ArrayData& column) {
  const Array array(column.Copy());
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < array.length(); ++row) {
    if (is_unavailable(array, row)) rows.push_back(row);
  }
  return rows;
}

// Of a list it is the only element.
std::vector<int64_t> unavailable_lists(const arrow::ArrayData& column) {
  const arrow::ListArray lists(column.Copy());
  if (lists.value_type()->id() != arrow::Type::STRING) return {};
  const auto& values = static_cast<const arrow::StringArray&>(*lists.values());
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsValid(row) && lists.value_length(row) == 1 &&
        is_unavailable(values, lists.value_offset(row))) {
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<int64_t> find_unavailable(const arrow::ArrayData& column) {
  switch (column.type->id()) {
    case arrow::Type::STRING:
      return unavailable_rows<arrow::StringArray>(column);
    case arrow::Type::LARGE_STRING:
      return unavailable_rows<arrow::LargeStringArray>(column);
    case arrow::Type::BINARY:
      return unavailable_rows<arrow::BinaryArray>(column);
    case arrow::Type::LARGE_BINARY:
      return unavailable_rows<arrow::LargeBinaryArray>(column);
    case arrow::Type::LIST:
      return unavailable_lists(column);
    default:
      return {};
  }
}

// The column with NULL in these rows.
Result<std::shared_ptr<arrow::ArrayData>> without(
    const std::shared_ptr<arrow::ArrayData>& column, const std::vector<int64_t>& rows) {
  std::shared_ptr<arrow::Buffer> validity;
  if (column->buffers[0]) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(
                                        arrow::default_memory_pool(),
                                        column->buffers[0]->data(), 0, column->length));
  } else {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateBitmap(column->length));
    arrow::bit_util::SetBitsTo(validity->mutable_data(), 0, column->length, true);
  }
  for (const int64_t row : rows) {
    arrow::bit_util::ClearBit(validity->mutable_data(), row);
  }
  auto result = column->Copy();
  result->buffers[0] = std::move(validity);
  result->null_count = arrow::kUnknownNullCount;
  return result;
}

// Whether numbers of another type would be taken for this one's.
bool counts_units(const arrow::DataType& type) {
  return arrow::is_temporal(type.id()) || arrow::is_decimal(type.id());
}

bool is_same_scale(const arrow::DataType& one, const arrow::DataType& other) {
  return arrow::is_decimal(one.id()) && arrow::is_decimal(other.id()) &&
         static_cast<const arrow::DecimalType&>(one).scale() ==
             static_cast<const arrow::DecimalType&>(other).scale();
}

}  // namespace

bool ChangeSketch::observe(Cursor& cursor) {
  ChangeParts change;
  if (!reader_.read(cursor, change)) return false;
  if (change.is_none) return true;
  const uint32_t* const end = cursor.token();
  if (change.schema) {
    if (!observe_schema(cursor, change)) return false;
  } else if (change.row()) {
    cursor.return_to(change.row());
    if (!rows_.observe(cursor)) return false;
    if (rows_.has_field("")) {
      cursor.return_to(change.row());
      return cursor.fail(ErrorKind::kCorruptData, "the row has a column without a name");
    }
  }
  cursor.return_to(end);
  return true;
}

// A column that came up later is one too; those that a table has lost stay.
bool ChangeSketch::observe_schema(Cursor& cursor, const ChangeParts& change) {
  if (change.schema_text == schema_) return true;
  cursor.return_to(change.schema);
  std::vector<ConnectColumn> columns;
  if (!read_connect_schema(cursor, columns)) return false;
  for (ConnectColumn& column : columns) {
    const auto known = std::ranges::find(of_schema_, column.name, &ConnectColumn::name);
    if (known == of_schema_.end()) of_schema_.push_back(std::move(column));
  }
  schema_ = change.schema_text;
  return true;
}

arrow::FieldVector ChangeSketch::fields() const {
  if (of_schema_.empty()) return rows_.fields();
  arrow::FieldVector fields;
  for (const ConnectColumn& column : of_schema_) {
    fields.push_back(arrow::field(column.name, column.type));
  }
  return fields;
}

Result<ChangeDecoder> ChangeDecoder::make(const arrow::FieldVector& fields,
                                          std::vector<bool> wanted,
                                          const ColumnRules& rules) {
  for (const auto& field : fields) {
    if (!is_change_column(field->name())) continue;
    return make_error(ErrorKind::kSchemaMismatch, {},
                      fmt::format("column '{}' is named like one that every change has",
                                  field->name()));
  }
  std::vector<std::shared_ptr<bool>> are_bytes;
  for (size_t i = 0; i < fields.size(); ++i) {
    are_bytes.push_back(std::make_shared<bool>(false));
  }
  const auto make_one =
      [&](const arrow::Field& field) -> Result<std::unique_ptr<ColumnDecoder>> {
    const auto same_name = [&](const auto& other) {
      return other->name() == field.name();
    };
    const auto number = std::ranges::find_if(fields, same_name) - fields.begin();
    auto column =
        make_connect_column(field.type(), are_bytes[static_cast<size_t>(number)]);
    return column ? Result(std::move(column)) : make_column(field.type(), rules);
  };
  ARROW_ASSIGN_OR_RAISE(auto rows, ObjectDecoder::make(fields, wanted, rules, make_one));
  return ChangeDecoder(std::move(rows), fields, std::move(wanted), std::move(are_bytes),
                       rules);
}

bool ChangeDecoder::decode(Cursor& cursor) {
  if (!reader_.read(cursor, change_)) return false;
  if (change_.is_none) return true;
  const uint32_t* const end = cursor.token();
  if (!meet_schema(cursor) || !decode_row(cursor)) return false;
  cursor.return_to(end);
  return append_marks(cursor);
}

bool ChangeDecoder::decode_row(Cursor& cursor) {
  if (!change_.row()) return rows_.append_nulls(cursor);
  cursor.return_to(change_.row());
  return rows_.decode(cursor);
}

// A message tells anew what its values mean: the same bytes are another decimal where the
// scale is another.
bool ChangeDecoder::meet_schema(Cursor& cursor) {
  if (change_.schema_text == schema_) return true;
  schema_.clear();
  for (const auto& is_bytes : are_bytes_) *is_bytes = false;
  if (!change_.schema) return true;
  cursor.return_to(change_.schema);
  std::vector<ConnectColumn> columns;
  if (!read_connect_schema(cursor, columns)) return false;
  cursor.return_to(change_.schema);
  std::vector<size_t> of_bytes;
  for (const ConnectColumn& column : columns) {
    const auto field = std::ranges::find_if(
        fields_, [&](const auto& other) { return other->name() == column.name; });
    const auto number = static_cast<size_t>(field - fields_.begin());
    // Of a column that is not known its values will tell.
    if (field == fields_.end() || !wanted_[number]) continue;
    if (!fits(cursor, column, number)) return false;
    if (column.is_bytes) of_bytes.push_back(number);
  }
  for (const size_t number : of_bytes) *are_bytes_[number] = true;
  schema_ = change_.schema_text;
  return true;
}

bool ChangeDecoder::fits(Cursor& cursor, const ConnectColumn& column, size_t field) {
  const arrow::DataType& type = *fields_[field]->type();
  const bool is_same = column.type->Equals(type);
  const bool may_differ = origin_ == SchemaOrigin::kGiven &&
                          (is_same_scale(*column.type, type) ||
                           (!counts_units(*column.type) && !counts_units(type)));
  if (is_same || may_differ) return true;
  return cursor.fail(
      ErrorKind::kSchemaMismatch,
      fmt::format("column '{}' is {} by the schema of this message, and {} by {}",
                  column.name, column.type->ToString(), type.ToString(),
                  origin_ == SchemaOrigin::kGiven ? "schema=" : "that of the first"));
}

bool ChangeDecoder::append_marks(Cursor& cursor) {
  const Status status = [&] {
    ARROW_RETURN_NOT_OK(op_.Append(&change_.op, 1));
    ARROW_RETURN_NOT_OK(change_.at ? at_.Append(*change_.at) : at_.AppendNull());
    return change_.position.empty() ? position_.AppendNull()
                                    : position_.Append(change_.position);
  }();
  ops_ += change_.op;
  return status.ok() || cursor.fail_status(status);
}

// Of a deleted row the columns without a value are those that are not its key.
Result<arrow::ArrayDataVector> ChangeDecoder::finish_rows(
    std::vector<std::string>& unset) {
  arrow::ArrayDataVector columns(fields_.size());
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (!wanted_[i]) continue;
    ARROW_ASSIGN_OR_RAISE(columns[i], rows_.column(i).finish());
    const auto rows = find_unavailable(*columns[i]);
    if (rows.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(columns[i], without(columns[i], rows));
    unset.resize(ops_.size());
    for (const int64_t row : rows) {
      const auto at = static_cast<size_t>(row);
      if (ops_[at] == 'd') continue;
      if (!unset[at].empty()) unset[at] += ',';
      unset[at] += name_in_unset(fields_[i]->name());
    }
  }
  return columns;
}

Result<arrow::ArrayDataVector> ChangeDecoder::finish() {
  std::vector<std::string> unset;
  ARROW_ASSIGN_OR_RAISE(auto columns, finish_rows(unset));
  arrow::StringBuilder names;
  if (unset.empty()) ARROW_RETURN_NOT_OK(names.AppendNulls(num_rows()));
  for (const std::string& name : unset) {
    ARROW_RETURN_NOT_OK(name.empty() ? names.AppendNull() : names.Append(name));
  }
  for (arrow::ArrayBuilder* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&op_, &at_, &position_, &names}) {
    std::shared_ptr<arrow::ArrayData> column;
    ARROW_RETURN_NOT_OK(builder->FinishInternal(&column));
    columns.push_back(std::move(column));
  }
  rows_.reset();
  ops_.clear();
  return columns;
}

void ChangeDecoder::reset() {
  rows_.reset();
  op_.Reset();
  at_.Reset();
  position_.Reset();
  ops_.clear();
}

}  // namespace velo::formats::json
