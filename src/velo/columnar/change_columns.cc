#include "velo/columnar/change_columns.h"

#include <algorithm>
#include <utility>

namespace velo {
namespace {

bool is_text(const arrow::Schema& schema, const char* name) {
  const auto field = schema.GetFieldByName(name);
  return field && field->type()->id() == arrow::Type::STRING;
}

// The number of bytes of the first name in the list: a comma may stand inside of quotes.
size_t size_of_first(std::string_view unset) {
  bool is_quoted = false;
  for (size_t at = 0; at < unset.size(); ++at) {
    if (unset[at] == '"') is_quoted = !is_quoted;
    if (unset[at] == ',' && !is_quoted) return at;
  }
  return unset.size();
}

}  // namespace

bool is_change_column(std::string_view name) {
  return std::ranges::find(kChangeColumns, name) != kChangeColumns.end();
}

arrow::FieldVector with_change_columns(arrow::FieldVector columns) {
  columns.push_back(arrow::field(kOperationColumn, arrow::utf8()));
  columns.push_back(
      arrow::field(kChangeTimeColumn, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")));
  // Text, so that every sink holds it and every reader sorts it: JSON has bytes in
  // base64.
  columns.push_back(arrow::field(kChangePositionColumn, arrow::utf8()));
  columns.push_back(arrow::field(kUnsetColumn, arrow::utf8()));
  return columns;
}

std::shared_ptr<arrow::Schema> columns_of_changed_rows(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    if (!is_change_column(field->name())) fields.push_back(field);
  }
  return arrow::schema(std::move(fields));
}

bool are_changes(const arrow::Schema& schema) {
  return is_text(schema, kOperationColumn) && is_text(schema, kUnsetColumn);
}

std::string name_in_unset(std::string_view column) {
  if (column.find_first_of(",\"") == std::string_view::npos) return std::string(column);
  std::string quoted = "\"";
  for (const char c : column) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

bool is_unset(std::string_view unset, std::string_view column) {
  const std::string name = name_in_unset(column);
  while (!unset.empty()) {
    const size_t size = size_of_first(unset);
    if (unset.substr(0, size) == name) return true;
    unset.remove_prefix(std::min(size + 1, unset.size()));
  }
  return false;
}

}  // namespace velo
