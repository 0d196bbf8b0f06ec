#include "velo/connectors/clickhouse/types.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "velo/base/ascii.h"
#include "velo/base/parse_number.h"

namespace velo::clickhouse {
namespace {

struct Plain {
  std::string_view name;
  TypeKind kind;
  int width;
};

constexpr std::array kPlain = {
    Plain{"Bool", TypeKind::kBool, 1},         Plain{"Int8", TypeKind::kInt, 1},
    Plain{"Int16", TypeKind::kInt, 2},         Plain{"Int32", TypeKind::kInt, 4},
    Plain{"Int64", TypeKind::kInt, 8},         Plain{"UInt8", TypeKind::kUint, 1},
    Plain{"UInt16", TypeKind::kUint, 2},       Plain{"UInt32", TypeKind::kUint, 4},
    Plain{"UInt64", TypeKind::kUint, 8},       Plain{"Float32", TypeKind::kFloat, 4},
    Plain{"Float64", TypeKind::kFloat, 8},     Plain{"String", TypeKind::kString, 0},
    Plain{"Date", TypeKind::kDate, 2},         Plain{"Date32", TypeKind::kDate32, 4},
    Plain{"DateTime", TypeKind::kDateTime, 4},
};

constexpr int kMaxDecimalDigits = 38;

// "X" of "Wrapper(X)".
std::optional<std::string_view> inside(std::string_view name, std::string_view wrapper) {
  if (!name.starts_with(wrapper) || !name.ends_with(')')) return std::nullopt;
  name.remove_prefix(wrapper.size());
  if (!name.starts_with('(')) return std::nullopt;
  return name.substr(1, name.size() - 2);
}

std::vector<std::string_view> arguments_of(std::string_view list) {
  std::vector<std::string_view> arguments;
  while (true) {
    const size_t comma = std::min(list.find(','), list.size());
    arguments.push_back(trim(list.substr(0, comma)));
    if (comma == list.size()) return arguments;
    list.remove_prefix(comma + 1);
  }
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '\'' || text.back() != '\'') return {};
  return std::string(text.substr(1, text.size() - 2));
}

int width_of_decimal(int32_t precision) {
  if (precision <= 9) return 4;
  return precision <= 18 ? 8 : 16;
}

std::optional<ColumnType> parse_with_arguments(std::string_view name) {
  if (const auto zone = inside(name, "DateTime")) {
    return ColumnType{
        .kind = TypeKind::kDateTime, .width = 4, .timezone = unquoted(*zone)};
  }
  if (const auto list = inside(name, "DateTime64")) {
    const auto arguments = arguments_of(*list);
    const auto scale = parse_number<int32_t>(arguments[0]);
    if (!scale || *scale < 0 || *scale > 9 || arguments.size() > 2) return std::nullopt;
    return ColumnType{.kind = TypeKind::kDateTime64,
                      .width = 8,
                      .scale = *scale,
                      .timezone = arguments.size() > 1 ? unquoted(arguments[1]) : ""};
  }
  if (const auto list = inside(name, "Decimal")) {
    const auto arguments = arguments_of(*list);
    if (arguments.size() != 2) return std::nullopt;
    const auto precision = parse_number<int32_t>(arguments[0]);
    const auto scale = parse_number<int32_t>(arguments[1]);
    if (!precision || *precision < 1 || *precision > kMaxDecimalDigits || !scale ||
        *scale < 0 || *scale > *precision) {
      return std::nullopt;
    }
    return ColumnType{.kind = TypeKind::kDecimal,
                      .width = width_of_decimal(*precision),
                      .precision = *precision,
                      .scale = *scale};
  }
  if (const auto size = inside(name, "FixedString")) {
    const auto width = parse_number<int32_t>(*size);
    constexpr int kMaxWidth = 1 << 24;
    if (!width || *width < 1 || *width > kMaxWidth) return std::nullopt;
    return ColumnType{.kind = TypeKind::kFixedString, .width = *width};
  }
  return std::nullopt;
}

std::shared_ptr<arrow::DataType> integer_of(const ColumnType& type) {
  const bool is_signed = type.kind == TypeKind::kInt;
  switch (type.width) {
    case 1:
      return is_signed ? arrow::int8() : arrow::uint8();
    case 2:
      return is_signed ? arrow::int16() : arrow::uint16();
    case 4:
      return is_signed ? arrow::int32() : arrow::uint32();
    default:
      return is_signed ? arrow::int64() : arrow::uint64();
  }
}

// Empty for a type that has no counterpart.
std::string plain_type_of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return "Bool";
    case arrow::Type::INT8:
      return "Int8";
    case arrow::Type::INT16:
      return "Int16";
    case arrow::Type::INT32:
      return "Int32";
    case arrow::Type::INT64:
      return "Int64";
    case arrow::Type::UINT8:
      return "UInt8";
    case arrow::Type::UINT16:
      return "UInt16";
    case arrow::Type::UINT32:
      return "UInt32";
    case arrow::Type::UINT64:
      return "UInt64";
    case arrow::Type::FLOAT:
      return "Float32";
    case arrow::Type::DOUBLE:
      return "Float64";
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
      return "String";
    case arrow::Type::FIXED_SIZE_BINARY:
      return fmt::format(
          "FixedString({})",
          static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width());
    case arrow::Type::DATE32:
      return "Date32";
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      std::string zone = timestamp.timezone().empty() ? "UTC" : timestamp.timezone();
      return fmt::format("DateTime64({}, '{}')", digits_of(timestamp.unit()), zone);
    }
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
      if (decimal.scale() < 0 || decimal.scale() > decimal.precision()) return {};
      return fmt::format("Decimal({}, {})", decimal.precision(), decimal.scale());
    }
    default:
      return {};
  }
}

}  // namespace

int64_t power_of_ten(int exponent) {
  int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

arrow::TimeUnit::type unit_of(int scale) {
  if (scale == 0) return arrow::TimeUnit::SECOND;
  if (scale <= 3) return arrow::TimeUnit::MILLI;
  return scale <= 6 ? arrow::TimeUnit::MICRO : arrow::TimeUnit::NANO;
}

int digits_of(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 0;
    case arrow::TimeUnit::MILLI:
      return 3;
    case arrow::TimeUnit::MICRO:
      return 6;
    default:
      return 9;
  }
}

std::optional<ColumnType> parse_type(std::string_view name) {
  if (const auto plain = inside(name, "LowCardinality")) {
    auto type = parse_type(*plain);
    if (!type || type->low_cardinality) return std::nullopt;
    type->low_cardinality = true;
    return type;
  }
  if (const auto value = inside(name, "Nullable")) {
    auto type = parse_type(*value);
    if (!type || type->nullable || type->low_cardinality) return std::nullopt;
    type->nullable = true;
    type->name = std::string(name);
    return type;
  }
  std::optional<ColumnType> type;
  for (const Plain& plain : kPlain) {
    if (plain.name == name) type = ColumnType{.kind = plain.kind, .width = plain.width};
  }
  if (!type) type = parse_with_arguments(name);
  if (type) type->name = std::string(name);
  return type;
}

std::shared_ptr<arrow::DataType> arrow_type_of(const ColumnType& type) {
  const std::string zone = type.timezone.empty() ? "UTC" : type.timezone;
  switch (type.kind) {
    case TypeKind::kBool:
      return arrow::boolean();
    case TypeKind::kInt:
    case TypeKind::kUint:
      return integer_of(type);
    case TypeKind::kFloat:
      return type.width == 4 ? arrow::float32() : arrow::float64();
    case TypeKind::kString:
      return arrow::utf8();
    case TypeKind::kFixedString:
      return arrow::fixed_size_binary(type.width);
    case TypeKind::kDate:
    case TypeKind::kDate32:
      return arrow::date32();
    case TypeKind::kDateTime:
      return arrow::timestamp(arrow::TimeUnit::SECOND, zone);
    case TypeKind::kDateTime64:
      return arrow::timestamp(unit_of(type.scale), zone);
    case TypeKind::kDecimal:
      return arrow::decimal128(type.precision, type.scale);
  }
  return nullptr;
}

Result<std::string> clickhouse_type_of(const arrow::Field& field, bool nullable) {
  const std::string type = plain_type_of(*field.type());
  if (!type.empty()) return nullable ? fmt::format("Nullable({})", type) : type;
  return make_error(ErrorKind::kSchemaMismatch, {.connector = "clickhouse"},
                    fmt::format("column '{}' is {}, which cannot be written into "
                                "ClickHouse yet; CAST it in the SELECT",
                                field.name(), field.type()->ToString()));
}

}  // namespace velo::clickhouse
