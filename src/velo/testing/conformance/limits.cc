#include <arrow/array/builder_base.h>
#include <arrow/scalar.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <variant>

#include "velo/error.h"
#include "velo/testing/conformance/rows.h"

namespace velo::testing {
namespace {

using Cell =
    std::variant<bool, int64_t, uint64_t, double, std::string, arrow::Decimal128>;
using Cells = std::vector<Cell>;

constexpr int64_t kMicrosecondsPerDay = int64_t{86400} * 1'000'000;

template <typename Int>
Cells limits_of_int() {
  using Wide = std::conditional_t<std::is_signed_v<Int>, int64_t, uint64_t>;
  return {Wide{0}, Wide{1}, static_cast<Wide>(std::numeric_limits<Int>::min()),
          static_cast<Wide>(std::numeric_limits<Int>::max())};
}

template <typename Float>
Cells limits_of_float() {
  using Limits = std::numeric_limits<Float>;
  Cells cells;
  for (const Float value : {Float{0}, Float{1} / 3, Limits::lowest(), Limits::max(),
                            Limits::min(), Limits::denorm_min(), Limits::epsilon()}) {
    cells.emplace_back(static_cast<double>(value));
  }
  return cells;
}

Cells limits_of_decimal(const arrow::DataType& type) {
  const int precision = static_cast<const arrow::DecimalType&>(type).precision();
  const arrow::Decimal128 most(std::string(static_cast<size_t>(precision), '9'));
  return {arrow::Decimal128(0), arrow::Decimal128(1), most, arrow::Decimal128(-most)};
}

Cells odd_texts() {
  std::string large;
  for (int i = 0; i < 20'000; ++i) large += "é";
  return {std::string(),
          std::string(" naïve ☃ 𝄞 "),
          std::string("a\tb\n\"c\\,'"),
          std::string("NULL"),
          std::string("\\N"),
          std::string("null"),
          std::string("\r\n\x01"),
          large};
}

Cells odd_bytes() {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  return {std::string(), std::string(1, '\0'), all};
}

int64_t days_of(int year, unsigned month, unsigned day) {
  using namespace std::chrono;
  return sys_days(std::chrono::year(year) / static_cast<int>(month) /
                  static_cast<int>(day))
      .time_since_epoch()
      .count();
}

Cells limits_of_time(Years years, int64_t units_per_day, int64_t last_unit) {
  return {int64_t{0}, int64_t{-1}, days_of(years.first, 1, 1) * units_per_day,
          days_of(years.last, 12, 31) * units_per_day + last_unit};
}

Cells limits_of(const arrow::DataType& type, Years years) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return {false, true};
    case arrow::Type::INT8:
      return limits_of_int<int8_t>();
    case arrow::Type::INT16:
      return limits_of_int<int16_t>();
    case arrow::Type::INT32:
      return limits_of_int<int32_t>();
    case arrow::Type::INT64:
      return limits_of_int<int64_t>();
    case arrow::Type::UINT8:
      return limits_of_int<uint8_t>();
    case arrow::Type::UINT16:
      return limits_of_int<uint16_t>();
    case arrow::Type::UINT32:
      return limits_of_int<uint32_t>();
    case arrow::Type::UINT64:
      return limits_of_int<uint64_t>();
    case arrow::Type::FLOAT:
      return limits_of_float<float>();
    case arrow::Type::DOUBLE:
      return limits_of_float<double>();
    case arrow::Type::DECIMAL128:
      return limits_of_decimal(type);
    case arrow::Type::STRING:
      return odd_texts();
    case arrow::Type::BINARY:
      return odd_bytes();
    case arrow::Type::DATE32:
      return limits_of_time(years, 1, 0);
    case arrow::Type::TIME64:
      return {int64_t{0}, kMicrosecondsPerDay - 1};
    case arrow::Type::TIMESTAMP:
      return limits_of_time(years, kMicrosecondsPerDay, kMicrosecondsPerDay - 1);
    default:
      return {};
  }
}

// Times are in microseconds, and may come back in nanoseconds.
int64_t units_of(const arrow::DataType& type, int64_t value) {
  const bool is_time = type.id() == arrow::Type::TIMESTAMP;
  const auto& time = static_cast<const arrow::TimestampType&>(type);
  return is_time && time.unit() == arrow::TimeUnit::NANO ? value * 1000 : value;
}

Status append(arrow::ArrayBuilder& to, const Cell& cell) {
  const auto scalar = std::visit(
      [&](const auto& value) -> Result<std::shared_ptr<arrow::Scalar>> {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string>) {
          return arrow::MakeScalar(to.type(), arrow::Buffer::FromString(value));
        } else if constexpr (std::is_same_v<Value, int64_t>) {
          return arrow::MakeScalar(to.type(), units_of(*to.type(), value));
        } else {
          return arrow::MakeScalar(to.type(), value);
        }
      },
      cell);
  ARROW_RETURN_NOT_OK(scalar);
  return to.AppendScalar(**scalar);
}

// Its values again and again, and then NULL.
Result<std::shared_ptr<arrow::Array>> column_of(
    const Cells& cells, int64_t num_rows, const std::shared_ptr<arrow::DataType>& as) {
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(as));
  for (int64_t row = 0; row + 1 < num_rows; ++row) {
    ARROW_RETURN_NOT_OK(append(*builder, cells[static_cast<size_t>(row) % cells.size()]));
  }
  ARROW_RETURN_NOT_OK(builder->AppendNull());
  return builder->Finish();
}

}  // namespace

std::vector<TypeTrip> all_types() {
  std::vector<TypeTrip> trips;
  for (const auto& type :
       {arrow::boolean(), arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64(),
        arrow::uint8(), arrow::uint16(), arrow::uint32(), arrow::uint64(),
        arrow::float32(), arrow::float64(), arrow::decimal128(12, 2),
        arrow::decimal128(38, 10), arrow::utf8(), arrow::binary(), arrow::date32(),
        arrow::time64(arrow::TimeUnit::MICRO), arrow::timestamp(arrow::TimeUnit::MICRO),
        arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")}) {
    trips.push_back({type, type});
  }
  return trips;
}

std::vector<TypeTrip> all_types_but(const std::vector<TypeTrip>& others) {
  auto trips = all_types();
  for (const TypeTrip& other : others) {
    for (TypeTrip& trip : trips) {
      if (trip.written->Equals(other.written)) trip = other;
    }
  }
  return trips;
}

Rows rows_at_limits(const std::vector<TypeTrip>& types, TripEnd end, Years years) {
  size_t num_rows = 0;
  for (const TypeTrip& trip : types) {
    num_rows = std::max(num_rows, limits_of(*trip.written, years).size() + 1);
  }
  const Rows named = named_rows(0, static_cast<int64_t>(num_rows));
  arrow::FieldVector fields{named->schema()->field(0)};
  arrow::ArrayVector columns{named->column(0)};
  for (size_t i = 0; i < types.size(); ++i) {
    if (!types[i].read) continue;
    const auto& type = end == TripEnd::kWritten ? types[i].written : types[i].read;
    fields.push_back(
        arrow::field(fmt::format("c{}_{}", i, types[i].written->name()), type));
    const auto column =
        column_of(limits_of(*types[i].written, years), named->num_rows(), type);
    EXPECT_TRUE(column.ok()) << column.status().ToString() << " in a column of " << *type;
    columns.push_back(column.ok() ? *column : named->column(0));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), named->num_rows(), columns);
}

}  // namespace velo::testing
