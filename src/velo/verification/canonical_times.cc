#include "velo/verification/canonical_times.h"

#include <arrow/array/array_primitive.h>
#include <fmt/format.h>

#include "velo/columnar/text_values.h"
#include "velo/verification/value_column.h"

namespace velo::verification {
namespace {

using arrow::TimeUnit;
using arrow::Type;
using ColumnResult = Result<std::unique_ptr<CanonicalColumn>>;

constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kMillisecondsPerDay = 1'000 * kSecondsPerDay;
constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

int64_t units_per_second(TimeUnit::type unit) {
  switch (unit) {
    case TimeUnit::SECOND:
      return 1;
    case TimeUnit::MILLI:
      return 1'000;
    case TimeUnit::MICRO:
      return 1'000'000;
    default:
      return kNanosecondsPerSecond;
  }
}

int64_t floor_divide(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

// Seconds and what is left, which every unit has.
void append_span(int64_t value, TimeUnit::type unit, std::string& bytes) {
  const int64_t units = units_per_second(unit);
  const int64_t seconds = floor_divide(value, units);
  append_integer(seconds, bytes);
  append_integer((value - seconds * units) * (kNanosecondsPerSecond / units), bytes);
}

void append_days(int64_t days, CommonType type, std::string& bytes) {
  if (type == CommonType::kDate) return append_integer(days, bytes);
  append_span(days * kSecondsPerDay, TimeUnit::SECOND, bytes);
}

// Microseconds go further than nanoseconds, which alone hold more than six digits.
bool append_timestamp(std::string_view text, std::string& bytes) {
  for (const auto unit : {TimeUnit::MICRO, TimeUnit::NANO}) {
    for (const bool zoned : {true, false}) {
      int64_t value = 0;
      if (columnar::parse_timestamp(text, unit, zoned, &value)) continue;
      append_span(value, unit, bytes);
      return true;
    }
  }
  return false;
}

template <typename Values>
ColumnResult span_column(const std::shared_ptr<arrow::Array>& column,
                         TimeUnit::type unit) {
  return value_column<Values>(
      column, [unit](const Values& values, int64_t row, std::string& bytes) {
        append_span(values.Value(row), unit, bytes);
      });
}

template <typename Type>
TimeUnit::type unit_of(const arrow::Array& column) {
  return static_cast<const Type&>(*column.type()).unit();
}

void append_interval(int64_t months, int64_t days, int64_t nanoseconds,
                     std::string& bytes) {
  for (const int64_t part : {months, days, nanoseconds}) append_integer(part, bytes);
}

ColumnResult interval_column(const std::shared_ptr<arrow::Array>& column) {
  using arrow::DayTimeIntervalArray;
  using arrow::MonthDayNanoIntervalArray;
  using arrow::MonthIntervalArray;
  if (column->type_id() == Type::INTERVAL_MONTHS) {
    return value_column<MonthIntervalArray>(
        column, [](const MonthIntervalArray& values, int64_t row, std::string& bytes) {
          append_interval(values.Value(row), 0, 0, bytes);
        });
  }
  if (column->type_id() == Type::INTERVAL_DAY_TIME) {
    return value_column<DayTimeIntervalArray>(
        column, [](const DayTimeIntervalArray& values, int64_t row, std::string& bytes) {
          const auto value = values.GetValue(row);
          constexpr int64_t kNanosecondsPerMillisecond = 1'000'000;
          append_interval(0, value.days, value.milliseconds * kNanosecondsPerMillisecond,
                          bytes);
        });
  }
  return value_column<MonthDayNanoIntervalArray>(
      column,
      [](const MonthDayNanoIntervalArray& values, int64_t row, std::string& bytes) {
        const auto value = values.GetValue(row);
        append_interval(value.months, value.days, value.nanoseconds, bytes);
      });
}

}  // namespace

ColumnResult time_column(const std::shared_ptr<arrow::Array>& column, CommonType type) {
  switch (column->type_id()) {
    case Type::DATE32:
      return value_column<arrow::Date32Array>(
          column,
          [type](const arrow::Date32Array& values, int64_t row, std::string& bytes) {
            append_days(values.Value(row), type, bytes);
          });
    case Type::DATE64:
      return value_column<arrow::Date64Array>(
          column,
          [type](const arrow::Date64Array& values, int64_t row, std::string& bytes) {
            append_days(floor_divide(values.Value(row), kMillisecondsPerDay), type,
                        bytes);
          });
    case Type::TIME32:
      return span_column<arrow::Time32Array>(column, unit_of<arrow::Time32Type>(*column));
    case Type::TIME64:
      return span_column<arrow::Time64Array>(column, unit_of<arrow::Time64Type>(*column));
    case Type::TIMESTAMP:
      return span_column<arrow::TimestampArray>(column,
                                                unit_of<arrow::TimestampType>(*column));
    case Type::DURATION:
      return span_column<arrow::DurationArray>(column,
                                               unit_of<arrow::DurationType>(*column));
    case Type::INTERVAL_MONTHS:
    case Type::INTERVAL_DAY_TIME:
    case Type::INTERVAL_MONTH_DAY_NANO:
      return interval_column(column);
    default:
      return make_error(
          ErrorKind::kSchemaMismatch, {},
          fmt::format("a column of {} cannot be compared", column->type()->ToString()));
  }
}

bool append_time_text(std::string_view text, CommonType type, std::string& bytes) {
  if (type == CommonType::kTimestamp || type == CommonType::kInstant) {
    return append_timestamp(text, bytes);
  }
  if (type == CommonType::kTime) {
    int64_t value = 0;
    if (columnar::parse_time(text, TimeUnit::NANO, &value)) return false;
    append_span(value, TimeUnit::NANO, bytes);
    return true;
  }
  int32_t days = 0;
  if (columnar::parse_date(text, &days)) return false;
  append_days(days, type, bytes);
  return true;
}

}  // namespace velo::verification
