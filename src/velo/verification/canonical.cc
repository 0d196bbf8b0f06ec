#include "velo/verification/canonical.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_decimal.h>
#include <arrow/array/array_nested.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <arrow/extension_type.h>
#include <arrow/util/base64.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "velo/verification/canonical_times.h"
#include "velo/verification/value_column.h"

namespace velo::verification {
namespace {

using arrow::Array;
using arrow::Type;
using ColumnResult = Result<std::unique_ptr<CanonicalColumn>>;

// The same values without what is only a way of holding them.
Result<std::shared_ptr<Array>> plain(std::shared_ptr<Array> column) {
  std::shared_ptr<arrow::DataType> type;
  switch (column->type_id()) {
    case Type::EXTENSION:
      return plain(static_cast<const arrow::ExtensionArray&>(*column).storage());
    case Type::DICTIONARY:
      type = static_cast<const arrow::DictionaryType&>(*column->type()).value_type();
      break;
    case Type::RUN_END_ENCODED:
      type = column->type()->field(1)->type();
      break;
    case Type::HALF_FLOAT:
      type = arrow::float32();
      break;
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
      type = arrow::large_list(column->type()->field(0));
      break;
    default:
      return column;
  }
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  ARROW_ASSIGN_OR_RAISE(column, arrow::compute::Cast(*column, type));
  return plain(std::move(column));
}

template <typename Number>
void append_number_of(Number value, std::string& bytes) {
  constexpr size_t kMostBytes = 32;
  char text[kMostBytes];
  const auto end = std::to_chars(text, text + kMostBytes, value).ptr;
  append_number({text, static_cast<size_t>(end - text)}, bytes);
}

template <typename Number>
void append_whole(Number value, CommonType type, std::string& bytes) {
  if (type == CommonType::kNumber) return append_number_of(value, bytes);
  if constexpr (std::is_unsigned_v<Number>) {
    append_unsigned(value, bytes);
  } else {
    append_integer(value, bytes);
  }
}

template <typename Number>
bool have_equal_digits(double one, Number other) {
  std::string digits;
  std::string others;
  append_number_of(one, digits);
  append_number_of(other, others);
  return digits == others;
}

void append_floating(double value, CommonType type, std::string& bytes) {
  if (type == CommonType::kNumber) return append_number_of(value, bytes);
  if (type == CommonType::kFloat) {
    const auto nearest = static_cast<float>(value);
    if (have_equal_digits(value, nearest)) value = nearest;
  }
  append_double(value, bytes);
}

void append_floating(float value, CommonType type, std::string& bytes) {
  if (type == CommonType::kNumber) return append_number_of(value, bytes);
  append_double(value, bytes);
}

void append_text(std::string_view text, CommonType type, std::string& bytes) {
  switch (type) {
    case CommonType::kBoolean:
      if (text == "true" || text == "false") {
        return append_integer(text == "true" ? 1 : 0, bytes);
      }
      break;
    case CommonType::kNumber:
      if (append_number(text, bytes)) return;
      break;
    case CommonType::kText:
    case CommonType::kBase64:
      bytes += text;
      return;
    default:
      if (append_time_text(text, type, bytes)) return;
  }
  bytes.back() = kNotReadable;  // and not what value_column() has put there
  bytes += text;
}

ColumnResult whole_column(const std::shared_ptr<Array>& column, CommonType type) {
  const auto make = [&]<typename Kind>(Kind) {
    using Values = arrow::NumericArray<Kind>;
    return value_column<Values>(
        column, [type](const Values& values, int64_t row, std::string& bytes) {
          using Value = typename Kind::c_type;
          using Wide = std::conditional_t<std::is_unsigned_v<Value>, uint64_t, int64_t>;
          append_whole(static_cast<Wide>(values.Value(row)), type, bytes);
        });
  };
  switch (column->type_id()) {
    case Type::INT8:
      return make(arrow::Int8Type());
    case Type::INT16:
      return make(arrow::Int16Type());
    case Type::INT32:
      return make(arrow::Int32Type());
    case Type::INT64:
      return make(arrow::Int64Type());
    case Type::UINT8:
      return make(arrow::UInt8Type());
    case Type::UINT16:
      return make(arrow::UInt16Type());
    case Type::UINT32:
      return make(arrow::UInt32Type());
    default:
      return make(arrow::UInt64Type());
  }
}

template <typename Values>
ColumnResult floating_column(const std::shared_ptr<Array>& column, CommonType type) {
  return value_column<Values>(
      column, [type](const Values& values, int64_t row, std::string& bytes) {
        append_floating(values.Value(row), type, bytes);
      });
}

template <typename Values>
ColumnResult decimal_column(const std::shared_ptr<Array>& column) {
  return value_column<Values>(column,
                              [](const Values& values, int64_t row, std::string& bytes) {
                                append_number(values.FormatValue(row), bytes);
                              });
}

template <typename Values>
ColumnResult text_column(const std::shared_ptr<Array>& column, CommonType type) {
  return value_column<Values>(
      column, [type](const Values& values, int64_t row, std::string& bytes) {
        append_text(values.GetView(row), type, bytes);
      });
}

template <typename Values>
ColumnResult binary_column(const std::shared_ptr<Array>& column, CommonType type) {
  return value_column<Values>(
      column, [type](const Values& values, int64_t row, std::string& bytes) {
        const std::string_view value = values.GetView(row);
        bytes += type == CommonType::kBase64 ? arrow::util::base64_encode(value) : value;
      });
}

// A part of a value: its size comes first.
void append_part(const CanonicalColumn& part, int64_t row, std::string& bytes) {
  std::string value;
  part.append(row, value);
  append_unsigned(value.size(), bytes);
  bytes += value;
}

template <typename Values>
ColumnResult list_column(const std::shared_ptr<Array>& column,
                         const Comparison& comparison) {
  ARROW_ASSIGN_OR_RAISE(auto items,
                        canonical_column(static_cast<const Values&>(*column).values(),
                                         comparison.parts.front()));
  return value_column<Values>(
      column, [items = std::shared_ptr<CanonicalColumn>(std::move(items))](
                  const Values& values, int64_t row, std::string& bytes) {
        const int64_t begin = values.value_offset(row);
        for (int64_t i = 0; i < values.value_length(row); ++i) {
          append_part(*items, begin + i, bytes);
        }
      });
}

ColumnResult map_column(const std::shared_ptr<Array>& column,
                        const Comparison& comparison) {
  const auto& map = static_cast<const arrow::MapArray&>(*column);
  ARROW_ASSIGN_OR_RAISE(auto keys, canonical_column(map.keys(), comparison.parts[0]));
  ARROW_ASSIGN_OR_RAISE(auto items, canonical_column(map.items(), comparison.parts[1]));
  return value_column<arrow::MapArray>(
      column, [keys = std::shared_ptr<CanonicalColumn>(std::move(keys)),
               items = std::shared_ptr<CanonicalColumn>(std::move(items))](
                  const arrow::MapArray& values, int64_t row, std::string& bytes) {
        std::vector<std::string> entries(static_cast<size_t>(values.value_length(row)));
        int64_t at = values.value_offset(row);
        for (std::string& entry : entries) {
          append_part(*keys, at, entry);
          append_part(*items, at++, entry);
        }
        std::ranges::sort(entries);
        for (const std::string& entry : entries) bytes += entry;
      });
}

ColumnResult struct_column(const std::shared_ptr<Array>& column,
                           const Comparison& comparison) {
  const auto& structs = static_cast<const arrow::StructArray&>(*column);
  std::vector<std::shared_ptr<CanonicalColumn>> members;
  for (size_t i = 0; i < comparison.parts.size(); ++i) {
    const auto values = structs.GetFieldByName(comparison.names[i]);
    if (!values) return make_error(ErrorKind::kSchemaMismatch, {}, "a member is missing");
    ARROW_ASSIGN_OR_RAISE(auto member, canonical_column(values, comparison.parts[i]));
    members.push_back(std::move(member));
  }
  return value_column<arrow::StructArray>(
      column, [members = std::move(members)](const arrow::StructArray&, int64_t row,
                                             std::string& bytes) {
        for (const auto& member : members) append_part(*member, row, bytes);
      });
}

ColumnResult nested_column(const std::shared_ptr<Array>& column,
                           const Comparison& comparison) {
  switch (column->type_id()) {
    case Type::LIST:
      return list_column<arrow::ListArray>(column, comparison);
    case Type::LARGE_LIST:
      return list_column<arrow::LargeListArray>(column, comparison);
    case Type::FIXED_SIZE_LIST:
      return list_column<arrow::FixedSizeListArray>(column, comparison);
    case Type::MAP:
      return map_column(column, comparison);
    case Type::STRUCT:
      return struct_column(column, comparison);
    default:
      return time_column(column, comparison.type);
  }
}

}  // namespace

ColumnResult canonical_column(std::shared_ptr<Array> given,
                              const Comparison& comparison) {
  ARROW_ASSIGN_OR_RAISE(const auto column, plain(std::move(given)));
  const CommonType type = comparison.type;
  if (arrow::is_integer(column->type_id())) return whole_column(column, type);
  switch (column->type_id()) {
    case Type::NA:
      return value_column<arrow::NullArray>(
          column, [](const arrow::NullArray&, int64_t, std::string&) {});
    case Type::BOOL:
      return value_column<arrow::BooleanArray>(
          column, [](const arrow::BooleanArray& values, int64_t row, std::string& bytes) {
            append_integer(values.Value(row) ? 1 : 0, bytes);
          });
    case Type::FLOAT:
      return floating_column<arrow::FloatArray>(column, type);
    case Type::DOUBLE:
      return floating_column<arrow::DoubleArray>(column, type);
    case Type::DECIMAL32:
      return decimal_column<arrow::Decimal32Array>(column);
    case Type::DECIMAL64:
      return decimal_column<arrow::Decimal64Array>(column);
    case Type::DECIMAL128:
      return decimal_column<arrow::Decimal128Array>(column);
    case Type::DECIMAL256:
      return decimal_column<arrow::Decimal256Array>(column);
    case Type::STRING:
      return text_column<arrow::StringArray>(column, type);
    case Type::LARGE_STRING:
      return text_column<arrow::LargeStringArray>(column, type);
    case Type::STRING_VIEW:
      return text_column<arrow::StringViewArray>(column, type);
    case Type::BINARY:
      return binary_column<arrow::BinaryArray>(column, type);
    case Type::LARGE_BINARY:
      return binary_column<arrow::LargeBinaryArray>(column, type);
    case Type::BINARY_VIEW:
      return binary_column<arrow::BinaryViewArray>(column, type);
    case Type::FIXED_SIZE_BINARY:
      return binary_column<arrow::FixedSizeBinaryArray>(column, type);
    default:
      return nested_column(column, comparison);
  }
}

}  // namespace velo::verification
