#include "velo/sql/literal_value.h"

#include <arrow/type_traits.h>
#include <arrow/util/decimal.h>

#include <chrono>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

namespace velo::sql {
namespace {

using ScalarPointer = std::shared_ptr<arrow::Scalar>;
using TypePointer = std::shared_ptr<arrow::DataType>;
using arrow::Type;
using Kind = Literal::Kind;

// Every whole number up to here is a double.
constexpr int64_t kMostExactDouble = int64_t{1} << 53;
// DuckDB keeps decimals of up to so many digits in 64 bits; beyond them it may turn to
// doubles.
constexpr int32_t kMostDecimalDigits = 18;

template <typename ArrowType>
ScalarPointer whole_number(int64_t value) {
  using CType = typename ArrowType::c_type;
  using ScalarType = typename arrow::TypeTraits<ArrowType>::ScalarType;
  if (!std::in_range<CType>(value)) return nullptr;
  return std::make_shared<ScalarType>(static_cast<CType>(value));
}

ScalarPointer integer_value(int64_t value, Type::type type) {
  switch (type) {
    case Type::INT8:
      return whole_number<arrow::Int8Type>(value);
    case Type::INT16:
      return whole_number<arrow::Int16Type>(value);
    case Type::INT32:
      return whole_number<arrow::Int32Type>(value);
    case Type::INT64:
      return whole_number<arrow::Int64Type>(value);
    case Type::UINT8:
      return whole_number<arrow::UInt8Type>(value);
    case Type::UINT16:
      return whole_number<arrow::UInt16Type>(value);
    case Type::UINT32:
      return whole_number<arrow::UInt32Type>(value);
    case Type::UINT64:
      return whole_number<arrow::UInt64Type>(value);
    default:
      return nullptr;
  }
}

// As DuckDB casts a decimal: both numbers are doubles exactly, so the quotient is the
// nearest.
ScalarPointer double_value(const Literal& literal) {
  constexpr int32_t kMostScale = 15;
  if (std::abs(literal.integer) > kMostExactDouble || literal.scale > kMostScale)
    return nullptr;
  return std::make_shared<arrow::DoubleScalar>(static_cast<double>(literal.integer) /
                                               std::pow(10.0, literal.scale));
}

ScalarPointer decimal_value(const Literal& literal, const TypePointer& type) {
  const auto& decimal = static_cast<const arrow::Decimal128Type&>(*type);
  if (decimal.precision() > kMostDecimalDigits || literal.scale > decimal.scale())
    return nullptr;
  const arrow::Decimal128 value(literal.integer);
  auto rescaled = value.Rescale(literal.scale, decimal.scale());
  if (!rescaled.ok() || !rescaled->FitsInPrecision(decimal.precision())) return nullptr;
  return std::make_shared<arrow::Decimal128Scalar>(*rescaled, type);
}

// Digits only, of exactly this width, from `at`.
std::optional<int> digits(std::string_view text, size_t at, size_t width) {
  if (at + width > text.size()) return {};
  int value = 0;
  for (const char c : text.substr(at, width)) {
    if (c < '0' || c > '9') return {};
    value = 10 * value + (c - '0');
  }
  return value;
}

// Days since 1970 of exactly "YYYY-MM-DD".
std::optional<int32_t> days_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return {};
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  if (!year || !month || !day) return {};
  const std::chrono::year_month_day date(
      std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
      std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return {};
  return static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

// Seconds since 1970 of exactly "YYYY-MM-DD HH:MM:SS", or of a date alone.
std::optional<int64_t> seconds_of(std::string_view text) {
  const auto days = days_of(text.substr(0, 10));
  if (!days) return {};
  int64_t seconds = int64_t{*days} * 86400;
  if (text.size() == 10) return seconds;
  if (text.size() != 19 || text[10] != ' ' || text[13] != ':' || text[16] != ':')
    return {};
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59)
    return {};
  return seconds + *hour * 3600 + *minute * 60 + *second;
}

ScalarPointer date_value(const Literal& literal) {
  if (literal.kind != Kind::kText && literal.kind != Kind::kDate) return nullptr;
  const auto days = days_of(literal.text);
  return days ? std::make_shared<arrow::Date32Scalar>(*days) : nullptr;
}

// Only in microseconds, DuckDB's own: it brings other units to these first.
ScalarPointer timestamp_value(const Literal& literal, const TypePointer& type) {
  const auto& timestamp = static_cast<const arrow::TimestampType&>(*type);
  if (literal.kind != Kind::kText && literal.kind != Kind::kTimestamp) return nullptr;
  if (!timestamp.timezone().empty() || timestamp.unit() != arrow::TimeUnit::MICRO) {
    return nullptr;
  }
  const auto seconds = seconds_of(literal.text);
  if (!seconds) return nullptr;
  return std::make_shared<arrow::TimestampScalar>(*seconds * 1'000'000, type);
}

}  // namespace

ScalarPointer literal_value(const Literal& literal, const TypePointer& column_type) {
  switch (column_type->id()) {
    case Type::STRING:
      return literal.kind == Kind::kText
                 ? std::make_shared<arrow::StringScalar>(literal.text)
                 : nullptr;
    case Type::BOOL:
      return literal.kind == Kind::kBool
                 ? std::make_shared<arrow::BooleanScalar>(literal.integer != 0)
                 : nullptr;
    case Type::DATE32:
      return date_value(literal);
    case Type::TIMESTAMP:
      return timestamp_value(literal, column_type);
    case Type::DOUBLE:
      return literal.kind == Kind::kInteger || literal.kind == Kind::kDecimal
                 ? double_value(literal)
                 : nullptr;
    case Type::DECIMAL128:
      return literal.kind == Kind::kInteger || literal.kind == Kind::kDecimal
                 ? decimal_value(literal, column_type)
                 : nullptr;
    default:
      return literal.kind == Kind::kInteger
                 ? integer_value(literal.integer, column_type->id())
                 : nullptr;
  }
}

}  // namespace velo::sql
