#include "velo/engine/followed_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "velo/columnar/change_columns.h"
#include "velo/columnar/columns_by_name.h"
#include "velo/columnar/common_type.h"
#include "velo/columnar/schema_text.h"
#include "velo/engine/record_columns.h"

namespace velo::engine {
namespace {

Status cannot_follow(const SchemaChange& change, std::string message) {
  return make_error(ErrorKind::kSchemaMismatch,
                    {.resource = change.split, .position = change.place},
                    std::move(message));
}

// "a new column 'tip' (int64), no column 'note'".
std::string difference(const arrow::Schema& before, const arrow::Schema& now) {
  std::string text;
  const auto say = [&](const std::string& what) {
    text += (text.empty() ? "" : ", ") + what;
  };
  for (const auto& field : now.fields()) {
    const auto known = before.GetFieldByName(field->name());
    if (!known) {
      say(fmt::format("a new column '{}' ({})", field->name(),
                      type_name(*field->type())));
    } else if (!known->type()->Equals(*field->type())) {
      say(fmt::format("'{}' as {}, and no longer as {}", field->name(),
                      type_name(*field->type()), type_name(*known->type())));
    }
  }
  for (const auto& field : before.fields()) {
    if (now.GetFieldIndex(field->name()) < 0) {
      say(fmt::format("no column '{}'", field->name()));
    }
  }
  return text;
}

// With more columns: before what says how a row came about, which is at the end.
std::shared_ptr<arrow::Schema> with_columns(const arrow::Schema& schema,
                                            const arrow::FieldVector& added) {
  arrow::FieldVector fields = schema.fields();
  const auto end_of_table = std::ranges::find_if(
      fields, [](const auto& field) { return is_change_column(field->name()); });
  fields.insert(end_of_table, added.begin(), added.end());
  return arrow::schema(std::move(fields));
}

}  // namespace

Result<bool> FollowedSchema::follow(const SchemaChange& change) {
  last_place_ = change.place;
  std::shared_ptr<arrow::Schema> next;
  switch (policy_) {
    case OnSchemaChange::kFail:
      return cannot_follow(
          change,
          fmt::format("from here on the rows have {}. What came before is not lost; "
                      "on_schema_change = evolve has the sink follow, freeze leaves out "
                      "what is new, and both go on from here",
                      difference(*schema_, *change.schema)));
    case OnSchemaChange::kFreeze:
      next = frozen(change);
      break;
    case OnSchemaChange::kEvolve: {
      ARROW_ASSIGN_OR_RAISE(next, evolved(change));
      break;
    }
  }
  if (next->Equals(*schema_, /*check_metadata=*/false)) return false;
  schema_ = std::move(next);
  return true;
}

std::shared_ptr<arrow::Schema> FollowedSchema::without_what_is_gone(
    const SchemaChange& change) const {
  if (!change.drops_columns || !are_changes(*schema_)) return schema_;
  arrow::FieldVector fields;
  for (const auto& field : schema_->fields()) {
    if (change.schema->GetFieldIndex(field->name()) >= 0) fields.push_back(field);
  }
  return arrow::schema(std::move(fields));
}

// What is read behind the record may still have columns that are gone by now.
std::shared_ptr<arrow::Schema> FollowedSchema::frozen(const SchemaChange& change) const {
  arrow::FieldVector found;
  for (const auto& field : change.schema->fields()) {
    if (schema_->GetFieldIndex(field->name()) >= 0) continue;
    if (is_in_record(text_, *field)) found.push_back(field);
  }
  return with_columns(*without_what_is_gone(change), found);
}

Result<std::shared_ptr<arrow::Schema>> FollowedSchema::evolved(
    const SchemaChange& change) const {
  const auto kept = without_what_is_gone(change);
  arrow::FieldVector fields;
  for (const auto& field : kept->fields()) {
    const auto now = change.schema->GetFieldByName(field->name());
    auto type = now ? common_type(field->type(), now->type()) : field->type();
    if (!type) {
      return cannot_follow(
          change,
          fmt::format("from here on column '{}' is {}, and it was {}: no type "
                      "holds the values of both. What came before is not lost; "
                      "another name begins anew, or CAST it in the SELECT",
                      field->name(), type_name(*now->type()), type_name(*field->type())));
    }
    fields.push_back(field->WithType(std::move(type))->WithNullable(true));
  }
  arrow::FieldVector added;
  for (const auto& field : change.schema->fields()) {
    if (schema_->GetFieldIndex(field->name()) >= 0) continue;
    added.push_back(field->WithNullable(true));
  }
  return with_columns(*arrow::schema(std::move(fields)), added);
}

Status FollowedSchema::fit(Batch& batch) {
  if (batch.rows->schema() == schema_) return Status::OK();
  count_cut(*batch.rows);
  const std::string since = last_place_.empty() ? "" : ", since " + last_place_;
  return columns_by_name(batch.rows, schema_, batch.split + since).Value(&batch.rows);
}

void FollowedSchema::count_cut(const arrow::RecordBatch& rows) {
  if (policy_ != OnSchemaChange::kFreeze) return;
  std::vector<bool> is_cut;
  for (int i = 0; i < rows.num_columns(); ++i) {
    const std::string& name = rows.schema()->field(i)->name();
    const arrow::Array& column = *rows.column(i);
    if (schema_->GetFieldIndex(name) >= 0 || column.null_count() == column.length()) {
      continue;
    }
    columns_cut_.insert(name);
    is_cut.resize(static_cast<size_t>(rows.num_rows()));
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      if (column.IsValid(row)) is_cut[static_cast<size_t>(row)] = true;
    }
  }
  num_rows_cut_ += std::ranges::count(is_cut, true);
}

}  // namespace velo::engine
