#include "velo/formats/changes.h"

#include <arrow/builder.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/columnar/text_values.h"

namespace velo::formats {
namespace {

constexpr std::string_view kOperations = "rcudt";
constexpr int64_t kMicrosPerMilli = 1000;

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

// Whether a value stands for one that was not sent.
template <typename Array>
bool is_unavailable(const Array& array, int64_t row) {
  return array.IsValid(row) && array.GetView(row) == kUnavailableValue;
}

template <typename Array>
std::vector<int64_t> unavailable_rows(const arrow::ArrayData& column) {
  const Array array(column.Copy());
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < array.length(); ++row) {
    if (is_unavailable(array, row)) rows.push_back(row);
  }
  return rows;
}

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

}  // namespace

bool is_operation(std::string_view op) {
  return op.size() == 1 && kOperations.find(op.front()) != std::string_view::npos;
}

Status check_operation(const std::optional<std::string_view>& op) {
  if (op && is_operation(*op)) return Status::OK();
  return mismatch(fmt::format("column '_op' is {}, which is none of r, c, u, d and t",
                              op ? fmt::format("'{}'", *op) : std::string("NULL")));
}

Status check_change_columns(const arrow::Schema& schema) {
  if (schema.GetFieldIndex(kOperationColumn) < 0) {
    return mismatch(
        "envelope=debezium writes changes, and these rows have no column '_op'; read "
        "them from a source of changes (postgresql: cdc=true), and SELECT _op too, or "
        "leave envelope out");
  }
  for (const char* name : {kOperationColumn, kChangePositionColumn, kUnsetColumn}) {
    ARROW_RETURN_NOT_OK(check_type(schema, name, arrow::Type::STRING, "text"));
  }
  ARROW_RETURN_NOT_OK(check_type(schema, kBeforeColumn, arrow::Type::STRUCT, "a struct"));
  return check_type(schema, kChangeTimeColumn, arrow::Type::TIMESTAMP, "a timestamp");
}

std::vector<int64_t> unsent_rows(const arrow::ArrayData& column) {
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

Result<std::shared_ptr<arrow::ArrayData>> with_nulls(
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

Result<std::shared_ptr<arrow::Array>> with_placeholders(
    const std::shared_ptr<arrow::Array>& column, const std::string& name,
    const arrow::StringArray* unset) {
  if (unset == nullptr || unset->null_count() == unset->length()) return column;
  std::vector<bool> is_unset_in_row(static_cast<size_t>(column->length()));
  bool any = false;
  for (int64_t row = 0; row < unset->length(); ++row) {
    if (unset->IsNull(row) || !is_unset(unset->GetView(row), name)) continue;
    is_unset_in_row[static_cast<size_t>(row)] = any = true;
  }
  return any ? fill(column, name, is_unset_in_row) : column;
}

int64_t millis_of(int64_t value, arrow::TimeUnit::type unit) {
  if (unit == arrow::TimeUnit::SECOND) return value * 1'000;
  const int64_t per_milli = unit == arrow::TimeUnit::MICRO  ? 1'000
                            : unit == arrow::TimeUnit::NANO ? 1'000'000
                                                            : 1;
  return value / per_milli - (value % per_milli < 0 ? 1 : 0);
}

std::optional<int64_t> time_of_change(std::optional<int64_t> micros,
                                      std::optional<int64_t> millis) {
  int64_t time = micros.value_or(0);
  if (!micros && __builtin_mul_overflow(millis.value_or(0), kMicrosPerMilli, &time)) {
    return std::nullopt;
  }
  char text[columnar::kMostTimestampBytes];
  const bool is_in_range =
      columnar::print_timestamp(time, arrow::TimeUnit::MICRO, true, text) != nullptr;
  return is_in_range ? std::optional(time) : std::nullopt;
}

// Of a deleted row the columns without a value are those that are not its key.
void add_unset(const std::string& name, const std::vector<int64_t>& rows,
               std::string_view ops, std::vector<std::string>& unset) {
  if (!rows.empty()) unset.resize(ops.size());
  for (const int64_t row : rows) {
    const auto at = static_cast<size_t>(row);
    if (ops[at] == 'd') continue;
    if (!unset[at].empty()) unset[at] += ',';
    unset[at] += name_in_unset(name);
  }
}

Result<std::shared_ptr<arrow::Array>> unset_column(const std::vector<std::string>& unset,
                                                   int64_t num_rows) {
  arrow::StringBuilder names;
  if (unset.empty()) ARROW_RETURN_NOT_OK(names.AppendNulls(num_rows));
  for (const std::string& name : unset) {
    ARROW_RETURN_NOT_OK(name.empty() ? names.AppendNull() : names.Append(name));
  }
  return names.Finish();
}

}  // namespace velo::formats
