#include "velo/columnar/schema_union.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/columnar/common_type.h"
#include "velo/columnar/schema_text.h"

namespace velo {

Status SchemaUnion::add(const std::shared_ptr<arrow::Schema>& schema) {
  const bool is_known = last_ && last_->Equals(*schema, /*check_metadata=*/false);
  last_ = schema;
  if (!first_) first_ = schema;
  // Many are alike, mostly.
  if (!is_known && schema != first_) ARROW_RETURN_NOT_OK(take(*schema));
  ++num_added_;
  return Status::OK();
}

Status SchemaUnion::take(const arrow::Schema& schema) {
  if (columns_.empty()) {
    ARROW_RETURN_NOT_OK(check_names(*first_, 0));
    for (const auto& field : first_->fields()) {
      numbers_.emplace(field->name(), columns_.size());
      columns_.push_back({field, 0});
    }
  }
  ARROW_RETURN_NOT_OK(check_names(schema, num_added_));
  for (const auto& field : schema.fields()) {
    const auto [found, is_new] = numbers_.emplace(field->name(), columns_.size());
    if (is_new) {
      columns_.push_back({field->WithNullable(true), num_added_});
      continue;
    }
    Column& known = columns_[found->second];
    auto type = meet_(known.field->type(), field->type());
    if (!type) return mismatch(known, *field);
    if (!type->Equals(*known.field->type())) {
      known.field = known.field->WithType(std::move(type));
      known.first_of_type = num_added_;
    }
    if (field->nullable()) known.field = known.field->WithNullable(true);
  }
  for (Column& column : columns_) {
    if (!column.field->nullable() && schema.GetFieldIndex(column.field->name()) < 0) {
      column.field = column.field->WithNullable(true);
    }
  }
  return Status::OK();
}

Status SchemaUnion::check_names(const arrow::Schema& schema, size_t number) const {
  std::set<std::string> names;
  for (const auto& field : schema.fields()) {
    if (names.insert(field->name()).second) continue;
    return make_error(
        ErrorKind::kSchemaMismatch, {.resource = name_of_(number)},
        fmt::format("two columns are named '{}', and the columns are not those of {}, so "
                    "there is no telling which is which; read the two apart",
                    field->name(), name_of_(number == 0 ? num_added_ : 0)));
  }
  return Status::OK();
}

Status SchemaUnion::mismatch(const Column& known, const arrow::Field& field) const {
  return make_error(
      ErrorKind::kSchemaMismatch, {.resource = name_of_(num_added_)},
      fmt::format("column '{}' is {}, and {} in {}; no type holds the values of both "
                  "without loss. Read the two apart, with a CAST in the SELECT",
                  field.name(), type_name(*field.type()), type_name(*known.field->type()),
                  name_of_(known.first_of_type)));
}

std::shared_ptr<arrow::Schema> widened(const std::shared_ptr<arrow::Schema>& schema,
                                       const arrow::Schema& seen) {
  arrow::FieldVector fields = schema->fields();
  arrow::FieldVector added;
  for (const auto& field : seen.fields()) {
    const int known = schema->GetFieldIndex(field->name());
    if (known < 0) {
      added.push_back(arrow::field(field->name(), text_for_nothing(field->type())));
      continue;
    }
    auto& column = fields[static_cast<size_t>(known)];
    if (const auto type = common_type(column->type(), field->type())) {
      column = column->WithType(text_for_nothing(type));
    }
  }
  // Before what says how a row came about.
  const auto end_of_row = std::ranges::find_if(
      fields, [](const auto& field) { return is_change_column(field->name()); });
  fields.insert(end_of_row, added.begin(), added.end());
  auto whole = arrow::schema(std::move(fields));
  return whole->Equals(*schema, /*check_metadata=*/false) ? schema : whole;
}

std::shared_ptr<arrow::Schema> SchemaUnion::schema() const {
  if (columns_.empty()) return first_;
  arrow::FieldVector fields;
  for (const Column& column : columns_) fields.push_back(column.field);
  return arrow::schema(std::move(fields));
}

}  // namespace velo
