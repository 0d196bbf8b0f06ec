#include "velo/connectors/postgresql/types.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace velo::postgresql {
namespace {

struct Named {
  uint32_t type;
  std::string_view name;
};

constexpr std::array kNames = {
    Named{kBool, "boolean"},
    Named{kBytea, "bytea"},
    Named{kInt8, "bigint"},
    Named{kInt2, "smallint"},
    Named{kInt4, "integer"},
    Named{kText, "text"},
    Named{kFloat4, "real"},
    Named{kFloat8, "double precision"},
    Named{kBpchar, "character"},
    Named{kVarchar, "character varying"},
    Named{kDate, "date"},
    Named{kTimestamp, "timestamp"},
    Named{kTimestamptz, "timestamptz"},
    Named{kNumeric, "numeric"},
};

// A numeric's modifier holds (precision << 16 | scale) + 4; the scale has eleven bits and
// a sign. Source: numeric.c, make_numeric_typmod.
constexpr int32_t kModifierOffset = 4;

}  // namespace

bool decimal_of(const ResultColumn& column, int32_t* precision, int32_t* scale) {
  if (column.type != kNumeric || column.modifier < kModifierOffset) return false;
  const int32_t packed = column.modifier - kModifierOffset;
  *precision = packed >> 16 & 0xFFFF;
  *scale = ((packed & 0x7FF) ^ 0x400) - 0x400;
  return *precision <= arrow::Decimal128Type::kMaxPrecision && *scale >= 0;
}

std::shared_ptr<arrow::DataType> arrow_type_of(const ResultColumn& column) {
  switch (column.type) {
    case kBool:
      return arrow::boolean();
    case kBytea:
      return arrow::binary();
    case kInt8:
      return arrow::int64();
    case kInt2:
      return arrow::int16();
    case kInt4:
      return arrow::int32();
    case kText:
    case kVarchar:
      return arrow::utf8();
    case kFloat4:
      return arrow::float32();
    case kFloat8:
      return arrow::float64();
    case kDate:
      return arrow::date32();
    case kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case kTimestamptz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case kNumeric: {
      int32_t precision = 0;
      int32_t scale = 0;
      if (!decimal_of(column, &precision, &scale)) return nullptr;
      return arrow::decimal128(precision, scale);
    }
    default:
      return nullptr;
  }
}

Result<std::string> sql_type_of(const arrow::Field& field) {
  switch (field.type()->id()) {
    case arrow::Type::BOOL:
      return "boolean";
    case arrow::Type::BINARY:
      return "bytea";
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
    case arrow::Type::INT16:
      return "smallint";
    case arrow::Type::UINT16:
    case arrow::Type::INT32:
      return "integer";
    case arrow::Type::UINT32:
    case arrow::Type::INT64:
      return "bigint";
    case arrow::Type::FLOAT:
      return "real";
    case arrow::Type::DOUBLE:
      return "double precision";
    case arrow::Type::STRING:
      return "text";
    case arrow::Type::DATE32:
      return "date";
    case arrow::Type::TIMESTAMP: {
      const auto& type = static_cast<const arrow::TimestampType&>(*field.type());
      return type.timezone().empty() ? "timestamp" : "timestamptz";
    }
    case arrow::Type::DECIMAL128: {
      const auto& type = static_cast<const arrow::Decimal128Type&>(*field.type());
      if (type.scale() < 0) break;
      return fmt::format("numeric({},{})", type.precision(), type.scale());
    }
    default:
      break;
  }
  return make_error(ErrorKind::kSchemaMismatch, {.connector = "postgresql"},
                    fmt::format("column '{}' is {}, which cannot be written into "
                                "PostgreSQL yet; CAST it in the SELECT",
                                field.name(), field.type()->ToString()));
}

std::string name_of_type(const ResultColumn& column) {
  int32_t precision = 0;
  int32_t scale = 0;
  if (decimal_of(column, &precision, &scale)) {
    return fmt::format("numeric({},{})", precision, scale);
  }
  for (const Named& named : kNames) {
    if (named.type == column.type) return std::string(named.name);
  }
  return fmt::format("of type {}", column.type);
}

}  // namespace velo::postgresql
