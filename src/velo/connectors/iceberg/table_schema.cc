#include "velo/connectors/iceberg/table_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/parse_number.h"

namespace velo::iceberg {
namespace {

constexpr int kMaxPrecision = 38;

// The numbers of "decimal(9, 2)" or "fixed[16]": those between `open` and the last
// character.
std::optional<std::vector<int>> numbers_of(std::string_view type, std::string_view open) {
  if (!type.starts_with(open)) return std::nullopt;
  std::string_view rest = type.substr(open.size(), type.size() - open.size() - 1);
  std::vector<int> numbers;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const auto number = parse_number<int>(trim(rest.substr(0, comma)));
    if (!number || *number < 0) return std::nullopt;
    numbers.push_back(*number);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return numbers;
}

std::shared_ptr<arrow::DataType> plain_type(const std::string& type) {
  static const std::map<std::string, std::shared_ptr<arrow::DataType>> kTypes = {
      {"boolean", arrow::boolean()},
      {"int", arrow::int32()},
      {"long", arrow::int64()},
      {"float", arrow::float32()},
      {"double", arrow::float64()},
      {"date", arrow::date32()},
      {"time", arrow::time64(arrow::TimeUnit::MICRO)},
      {"timestamp", arrow::timestamp(arrow::TimeUnit::MICRO)},
      {"timestamptz", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")},
      {"timestamp_ns", arrow::timestamp(arrow::TimeUnit::NANO)},
      {"timestamptz_ns", arrow::timestamp(arrow::TimeUnit::NANO, "UTC")},
      {"string", arrow::utf8()},
      {"uuid", arrow::fixed_size_binary(16)},
      {"binary", arrow::binary()},
  };
  const auto found = kTypes.find(type);
  return found == kTypes.end() ? nullptr : found->second;
}

Result<std::string> iceberg_type_of(const arrow::Field& field) {
  const arrow::DataType& type = *field.type();
  switch (type.id()) {
    case arrow::Type::BOOL:
      return "boolean";
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
      return "int";
    case arrow::Type::INT64:
    case arrow::Type::UINT32:
      return "long";
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
      return "float";
    case arrow::Type::DOUBLE:
      return "double";
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return "date";
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return "string";
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
      return "binary";
    case arrow::Type::FIXED_SIZE_BINARY:
      return fmt::format(
          "fixed[{}]", static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width());
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      if (decimal.scale() < 0) break;
      return fmt::format("decimal({}, {})", decimal.precision(), decimal.scale());
    }
    case arrow::Type::TIME32:
      return "time";
    case arrow::Type::TIME64:
      if (static_cast<const arrow::TimeType&>(type).unit() == arrow::TimeUnit::NANO)
        break;
      return "time";
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      if (timestamp.unit() == arrow::TimeUnit::NANO) break;
      return timestamp.timezone().empty() ? "timestamp" : "timestamptz";
    }
    case arrow::Type::DICTIONARY:
      return iceberg_type_of(
          *field.WithType(static_cast<const arrow::DictionaryType&>(type).value_type()));
    default:
      break;
  }
  return make_error(ErrorKind::kSchemaMismatch, {.connector = "iceberg"},
                    fmt::format("column '{}' is {}, which a table of Iceberg cannot hold "
                                "as it is; CAST it in the SELECT",
                                field.name(), type.ToString()));
}

}  // namespace

const Column* TableSchema::find(std::string_view name) const {
  const auto exact = std::ranges::find(columns, name, &Column::name);
  if (exact != columns.end()) return &*exact;
  const std::string lower = ascii_lower(name);
  const auto is_alike = [&](const Column& column) {
    return ascii_lower(column.name) == lower;
  };
  if (std::ranges::count_if(columns, is_alike) != 1) return nullptr;
  return &*std::ranges::find_if(columns, is_alike);
}

const Column* TableSchema::find(int column_id) const {
  const auto found = std::ranges::find(columns, column_id, &Column::id);
  return found == columns.end() ? nullptr : &*found;
}

Result<TableSchema> parse_table_schema(std::string_view name, const Json& json) {
  JsonMembers members(json);
  TableSchema schema{
      .id = static_cast<int>(members.number_if_there("schema-id").value_or(0)),
      .columns = {}};
  for (const Json& item : members.list("fields")) {
    JsonMembers field(item);
    Column column{.id = static_cast<int>(field.number("id")),
                  .name = field.text("name"),
                  .is_required = field.boolean("required")};
    const bool is_nested =
        item.is_object() && item.contains("type") && item.find("type")->is_object();
    JsonMembers type(is_nested ? *item.find("type") : item);
    column.type = type.text("type");
    column.has_default = field.has("initial-default");
    ARROW_RETURN_NOT_OK(field.status(name));
    ARROW_RETURN_NOT_OK(type.status(name));
    schema.columns.push_back(std::move(column));
  }
  ARROW_RETURN_NOT_OK(members.status(name));
  return schema;
}

Json json_of(const TableSchema& schema) {
  Json fields = Json::array();
  for (const Column& column : schema.columns) {
    fields.push_back({{"id", column.id},
                      {"name", column.name},
                      {"required", column.is_required},
                      {"type", column.type}});
  }
  return {{"type", "struct"}, {"schema-id", schema.id}, {"fields", std::move(fields)}};
}

Result<std::shared_ptr<arrow::DataType>> arrow_type_of(const Column& column) {
  if (auto type = plain_type(column.type)) return type;
  if (const auto numbers = numbers_of(column.type, "decimal(");
      numbers && numbers->size() == 2 && (*numbers)[0] <= kMaxPrecision) {
    return arrow::Decimal128Type::Make((*numbers)[0], (*numbers)[1]);
  }
  if (const auto numbers = numbers_of(column.type, "fixed[");
      numbers && numbers->size() == 1) {
    return arrow::fixed_size_binary((*numbers)[0]);
  }
  return make_error(ErrorKind::kNotImplemented, {.connector = "iceberg"},
                    fmt::format("column '{}' is a {}, which is not read or written yet",
                                column.name, column.type));
}

Result<std::shared_ptr<arrow::Schema>> arrow_schema_of(const TableSchema& schema) {
  arrow::FieldVector fields;
  for (const Column& column : schema.columns) {
    ARROW_ASSIGN_OR_RAISE(auto type, arrow_type_of(column));
    fields.push_back(arrow::field(column.name, std::move(type), !column.is_required));
  }
  return arrow::schema(std::move(fields));
}

Result<TableSchema> table_schema_for(const arrow::Schema& schema) {
  TableSchema made;
  for (const auto& field : schema.fields()) {
    if (made.find(field->name())) {
      return make_error(ErrorKind::kSchemaMismatch, {.connector = "iceberg"},
                        fmt::format("two columns are called '{}'", field->name()));
    }
    ARROW_ASSIGN_OR_RAISE(auto type, iceberg_type_of(*field));
    made.columns.push_back({.id = static_cast<int>(made.columns.size()) + 1,
                            .name = field->name(),
                            .type = std::move(type)});
  }
  return made;
}

}  // namespace velo::iceberg
