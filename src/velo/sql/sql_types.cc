#include "velo/sql/sql_types.h"

#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <arrow/extension_type.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace velo::sql {
namespace {

using TypePointer = std::shared_ptr<arrow::DataType>;
using arrow::Type;

constexpr int32_t kMostDigits = 38;

Status not_carried(const arrow::DataType& type) {
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("SQL cannot carry the type {}", type.ToString()));
}

Result<TypePointer> decimal_type(const arrow::DecimalType& type) {
  if (type.precision() > kMostDigits || type.scale() < 0 ||
      type.scale() > type.precision()) {
    return not_carried(type);
  }
  return arrow::decimal128(type.precision(), type.scale());
}

Result<std::shared_ptr<arrow::Field>> item_field(const TypePointer& values) {
  ARROW_ASSIGN_OR_RAISE(auto type, sql_type(values));
  return arrow::field("item", std::move(type));
}

Result<TypePointer> struct_type(const arrow::DataType& type) {
  if (type.num_fields() == 0) return not_carried(type);
  arrow::FieldVector fields;
  for (const auto& field : type.fields()) {
    ARROW_ASSIGN_OR_RAISE(auto member, sql_type(field->type()));
    fields.push_back(arrow::field(field->name(), std::move(member)));
  }
  return arrow::struct_(std::move(fields));
}

Result<TypePointer> map_type(const arrow::MapType& type) {
  ARROW_ASSIGN_OR_RAISE(auto key, sql_type(type.key_type()));
  ARROW_ASSIGN_OR_RAISE(auto item, sql_type(type.item_type()));
  return arrow::map(std::move(key), std::move(item));
}

Result<TypePointer> timestamp_type(const arrow::TimestampType& type) {
  return type.timezone().empty() ? arrow::timestamp(type.unit())
                                 : arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

Result<TypePointer> nested_type(const TypePointer& type) {
  switch (type->id()) {
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW: {
      ARROW_ASSIGN_OR_RAISE(auto item, item_field(type->field(0)->type()));
      return arrow::list(std::move(item));
    }
    case Type::FIXED_SIZE_LIST: {
      ARROW_ASSIGN_OR_RAISE(auto item, item_field(type->field(0)->type()));
      return arrow::fixed_size_list(
          std::move(item),
          static_cast<const arrow::FixedSizeListType&>(*type).list_size());
    }
    case Type::STRUCT:
      return struct_type(*type);
    case Type::MAP:
      return map_type(static_cast<const arrow::MapType&>(*type));
    case Type::DICTIONARY:
      return sql_type(static_cast<const arrow::DictionaryType&>(*type).value_type());
    case Type::RUN_END_ENCODED:
      return sql_type(type->field(1)->type());
    case Type::EXTENSION:
      return sql_type(static_cast<const arrow::ExtensionType&>(*type).storage_type());
    default:
      return not_carried(*type);
  }
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// DuckDB folds the letters of ASCII and no others.
std::string folded(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), lower);
  return name;
}

// The same values under a type that differs in the names inside lists and maps alone.
std::shared_ptr<arrow::ArrayData> renamed(const arrow::ArrayData& data,
                                          const TypePointer& type) {
  auto copy = data.Copy();
  copy->type = type;
  for (size_t i = 0; i < copy->child_data.size(); ++i) {
    copy->child_data[i] =
        renamed(*copy->child_data[i], type->field(static_cast<int>(i))->type());
  }
  return copy;
}

Result<std::shared_ptr<arrow::Array>> to_type(std::shared_ptr<arrow::Array> column,
                                              const TypePointer& type) {
  if (column->type_id() == Type::EXTENSION) {
    column = static_cast<const arrow::ExtensionArray&>(*column).storage();
  }
  if (column->type()->Equals(*type, /*check_metadata=*/true)) return column;
  if (!column->type()->Equals(*type)) {
    ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
    return arrow::compute::Cast(*column, type);
  }
  return arrow::MakeArray(renamed(*column->data(), type));
}

}  // namespace

Result<TypePointer> sql_type(const TypePointer& type) {
  switch (type->id()) {
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::BINARY:
    case Type::DATE32:
    case Type::INTERVAL_MONTH_DAY_NANO:
      return type;
    case Type::HALF_FLOAT:
      return arrow::float32();
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
    case Type::NA:
      return arrow::utf8();
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      return arrow::binary();
    case Type::DATE64:
      return arrow::date32();
    case Type::TIME32:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case Type::TIME64:
      if (static_cast<const arrow::Time64Type&>(*type).unit() == arrow::TimeUnit::NANO) {
        return not_carried(*type);
      }
      return type;
    case Type::TIMESTAMP:
      return timestamp_type(static_cast<const arrow::TimestampType&>(*type));
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return decimal_type(static_cast<const arrow::DecimalType&>(*type));
    default:
      return nested_type(type);
  }
}

Status check_column_names(const arrow::Schema& schema, const std::string& resource,
                          std::string_view advice) {
  std::map<std::string, std::string> seen;
  for (const auto& field : schema.fields()) {
    const auto [there, is_new] = seen.emplace(folded(field->name()), field->name());
    if (is_new) continue;
    const std::string both =
        there->second == field->name()
            ? fmt::format("'{}'", field->name())
            : fmt::format("'{}' and '{}'", there->second, field->name());
    return make_error(
        ErrorKind::kSchemaMismatch, {.resource = resource},
        fmt::format("two columns are named {}, which SQL cannot tell apart; {}", both,
                    advice));
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Schema>> sql_schema(const arrow::Schema& schema,
                                                  const std::string& resource) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    auto type = sql_type(field->type());
    if (!type.ok()) {
      return make_error(
          ErrorKind::kSchemaMismatch,
          {.resource = resource, .position = fmt::format("column '{}'", field->name())},
          type.status().message());
    }
    fields.push_back(arrow::field(field->name(), *std::move(type)));
  }
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::RecordBatch>> to_sql_types(
    const std::shared_ptr<arrow::RecordBatch>& rows,
    const std::shared_ptr<arrow::Schema>& schema, const std::string& resource) {
  if (rows->schema()->Equals(*schema, /*check_metadata=*/true)) return rows;
  arrow::ArrayVector columns = rows->columns();
  for (int i = 0; i < schema->num_fields(); ++i) {
    auto& column = columns[static_cast<size_t>(i)];
    auto converted = to_type(column, schema->field(i)->type());
    if (!converted.ok()) {
      return make_error(
          ErrorKind::kSchemaMismatch,
          {.resource = resource,
           .position = fmt::format("column '{}'", schema->field(i)->name())},
          fmt::format("a value of type {} does not fit {}, its type in SQL: {}",
                      column->type()->ToString(), schema->field(i)->type()->ToString(),
                      converted.status().message()));
    }
    column = *std::move(converted);
  }
  return arrow::RecordBatch::Make(schema, rows->num_rows(), std::move(columns));
}

}  // namespace velo::sql
