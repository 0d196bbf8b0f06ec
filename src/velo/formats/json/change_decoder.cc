#include "velo/formats/json/change_decoder.h"

#include <arrow/array.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/formats/changes.h"

namespace velo::formats::json {
namespace {

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

Result<arrow::ArrayDataVector> ChangeDecoder::finish_rows(
    std::vector<std::string>& unset) {
  arrow::ArrayDataVector columns(fields_.size());
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (!wanted_[i]) continue;
    ARROW_ASSIGN_OR_RAISE(columns[i], rows_.column(i).finish());
    const auto rows = unsent_rows(*columns[i]);
    if (rows.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(columns[i], with_nulls(columns[i], rows));
    add_unset(fields_[i]->name(), rows, ops_, unset);
  }
  return columns;
}

Result<arrow::ArrayDataVector> ChangeDecoder::finish() {
  std::vector<std::string> unset;
  ARROW_ASSIGN_OR_RAISE(auto columns, finish_rows(unset));
  for (arrow::ArrayBuilder* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&op_, &at_, &position_}) {
    std::shared_ptr<arrow::ArrayData> column;
    ARROW_RETURN_NOT_OK(builder->FinishInternal(&column));
    columns.push_back(std::move(column));
  }
  ARROW_ASSIGN_OR_RAISE(const auto names, unset_column(unset, num_rows()));
  columns.push_back(names->data());
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
