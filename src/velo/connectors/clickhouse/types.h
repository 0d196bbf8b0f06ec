#pragma once

/// ClickHouse's types as Arrow's, and back. The table is in the folder's README.

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo::clickhouse {

enum class TypeKind : int8_t {
  kBool,
  kInt,    ///< Int8 … Int64
  kUint,   ///< UInt8 … UInt64
  kFloat,  ///< Float32, Float64
  kString,
  kFixedString,
  kDate,        ///< days since 1970, as UInt16
  kDate32,      ///< days since 1970, as Int32
  kDateTime,    ///< seconds since 1970, as UInt32
  kDateTime64,  ///< ticks since 1970, as Int64
  kDecimal,
};

/// A type that is read and written; every other is read as its text.
struct ColumnType {
  TypeKind kind = TypeKind::kString;
  int width = 0;  ///< bytes of one value; 0 for a String
  bool nullable = false;
  bool low_cardinality = false;
  int32_t precision = 0;  ///< of a Decimal: digits
  int32_t scale = 0;      ///< of a Decimal: fractional digits; of a DateTime64: likewise
  std::string timezone;   ///< empty where the type says none
  std::string name;       ///< as ClickHouse spells it, without LowCardinality
};

/// Parse a type's name; nullopt for one that is not in the table.
std::optional<ColumnType> parse_type(std::string_view name);

/// The Arrow type whose values a column's are, none of them lost.
std::shared_ptr<arrow::DataType> arrow_type_of(const ColumnType& type);

/// The type that a table gets for a column of rows: "Nullable(Decimal(12, 2))".
/// Errors: kSchemaMismatch naming the column, for a type that has no counterpart yet.
Result<std::string> clickhouse_type_of(const arrow::Field& field, bool nullable);

/// Powers of ten, up to 10^18.
int64_t power_of_ten(int exponent);

/// The unit that holds a DateTime64 of so many fractional digits.
arrow::TimeUnit::type unit_of(int scale);

/// Fractional digits of a second in a unit: 0, 3, 6 or 9.
int digits_of(arrow::TimeUnit::type unit);

}  // namespace velo::clickhouse
