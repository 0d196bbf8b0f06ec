#include "velo/sql/carried_changes.h"

#include <arrow/builder.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "velo/columnar/change_columns.h"

namespace velo::sql {
namespace {

constexpr std::array<const char*, 2> kNeeded = {kOperationColumn, kUnsetColumn};

const arrow::StringArray& texts(const arrow::RecordBatch& rows, const char* name) {
  return static_cast<const arrow::StringArray&>(*rows.GetColumnByName(name));
}

// A value that was not sent is NULL here, and compared with a constant it decides
// nothing: where WHERE does not hold, another term has decided. IS NULL has taken it for
// NULL.
Status check_is_known(const std::vector<Comparison>& predicate, std::string_view unset,
                      bool is_out) {
  for (const Comparison& comparison : predicate) {
    if (is_out && comparison.value) continue;
    if (!is_unset(unset, comparison.column)) continue;
    return make_error(
        ErrorKind::kNotImplemented, {},
        fmt::format("WHERE looks at '{}', whose value is large, and was not sent with an "
                    "UPDATE that left it as it was. Have the source send rows whole "
                    "(PostgreSQL: ALTER TABLE … REPLICA IDENTITY FULL); after that, "
                    "begin anew under another name, into an empty table",
                    comparison.column));
  }
  return Status::OK();
}

}  // namespace

Status carry_changes(ShortCut& short_cut, const arrow::Schema& columns) {
  for (const Comparison& comparison : short_cut.predicate) {
    if (!is_change_column(comparison.column)) continue;
    return make_error(
        ErrorKind::kInvalidArgument, {},
        fmt::format("WHERE says which rows are in a table with a key, and '{}' is of the "
                    "change, not of the row",
                    comparison.column));
  }
  if (short_cut.limit) {
    return make_error(ErrorKind::kNotImplemented, {},
                      "a LIMIT of changes that go into a table with a key does not work");
  }
  arrow::FieldVector fields = short_cut.schema->fields();
  if (short_cut.read.columns) {
    auto& names = *short_cut.read.columns;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i]->name() == names[i]) continue;
      return make_error(
          ErrorKind::kNotImplemented, {},
          fmt::format("'{}' under the name '{}', of changes that go into a table with a "
                      "key, does not work yet",
                      names[i], fields[i]->name()));
    }
    for (const char* needed : kNeeded) {
      const auto result_end = names.begin() + static_cast<std::ptrdiff_t>(fields.size());
      if (std::find(names.begin(), result_end, needed) != result_end) continue;
      names.erase(std::remove(result_end, names.end(), needed), names.end());
      names.insert(names.begin() + static_cast<std::ptrdiff_t>(fields.size()), needed);
      fields.push_back(columns.GetFieldByName(needed));
    }
  }
  short_cut.schema = arrow::schema(std::move(fields));
  short_cut.carries_changes = true;
  // A source may leave out what fails it.
  short_cut.read.predicate.clear();
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> delete_what_left(
    const std::vector<Comparison>& predicate, const arrow::BooleanArray& matches,
    std::shared_ptr<arrow::RecordBatch> rows) {
  const auto& operations = texts(*rows, kOperationColumn);
  const auto& unset = texts(*rows, kUnsetColumn);
  arrow::StringBuilder new_operations;
  arrow::StringBuilder new_unset;
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    const std::string_view operation = operations.GetView(row);
    const bool is_gone = operation == "d" || operation == "t";
    const bool is_out = matches.IsValid(row) && !matches.Value(row);
    if (!is_gone && unset.IsValid(row)) {
      ARROW_RETURN_NOT_OK(check_is_known(predicate, unset.GetView(row), is_out));
    }
    const bool is_in = matches.IsValid(row) && matches.Value(row);
    const bool stays_as_it_is = is_gone || is_in;
    ARROW_RETURN_NOT_OK(new_operations.Append(stays_as_it_is ? operation : "d"));
    ARROW_RETURN_NOT_OK(stays_as_it_is && unset.IsValid(row)
                            ? new_unset.Append(unset.GetView(row))
                            : new_unset.AppendNull());
  }
  for (auto [name, builder] : {std::pair(kOperationColumn, &new_operations),
                               std::pair(kUnsetColumn, &new_unset)}) {
    ARROW_ASSIGN_OR_RAISE(const auto column, builder->Finish());
    const int index = rows->schema()->GetFieldIndex(name);
    ARROW_ASSIGN_OR_RAISE(rows,
                          rows->SetColumn(index, rows->schema()->field(index), column));
  }
  return rows;
}

}  // namespace velo::sql
