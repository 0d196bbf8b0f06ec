// Columns of dates, times and timestamps.

#include <arrow/util/value_parsing.h>

#include <optional>

#include "velo/formats/csv/converters.h"
#include "velo/formats/csv/fixed_width_converter.h"
#include "velo/formats/time_format.h"

namespace velo::formats {
namespace {

// Dates and times in ISO 8601.
template <typename Type>
struct IsoParser {
  using Value = typename Type::c_type;

  bool operator()(std::string_view text, Value& value) const {
    return arrow::internal::ParseValue<Type>(static_cast<const Type&>(*type), text.data(),
                                             text.size(), &value);
  }

  std::shared_ptr<arrow::DataType> type;
};

struct IsoTimestampParser {
  using Value = int64_t;

  bool operator()(std::string_view text, Value& value) const {
    bool has_zone = false;
    return arrow::internal::ParseTimestampISO8601(text.data(), text.size(), unit, &value,
                                                  &has_zone) &&
           has_zone == is_zoned;
  }

  arrow::TimeUnit::type unit;
  bool is_zoned;
};

struct FormattedDateParser {
  using Value = int32_t;

  bool operator()(std::string_view text, Value& value) const {
    constexpr int64_t kDay = 86'400;
    const auto moment = format.read(text);
    if (moment) value = static_cast<int32_t>(moment->seconds / kDay);
    return moment.has_value();
  }

  TimeFormat format;
};

struct FormattedTimestampParser {
  using Value = int64_t;

  bool operator()(std::string_view text, Value& value) const {
    const auto moment = format.read(text);
    if (!moment || moment->nanoseconds % nanoseconds_per_unit != 0) return false;
    return !__builtin_mul_overflow(moment->seconds, 1'000'000'000 / nanoseconds_per_unit,
                                   &value) &&
           !__builtin_add_overflow(value, moment->nanoseconds / nanoseconds_per_unit,
                                   &value);
  }

  TimeFormat format;
  int64_t nanoseconds_per_unit;
};

int64_t nanoseconds_per(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1'000'000'000;
    case arrow::TimeUnit::MILLI:
      return 1'000'000;
    case arrow::TimeUnit::MICRO:
      return 1'000;
    default:
      return 1;
  }
}

Result<std::unique_ptr<ColumnConverter>> make_timestamp_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation) {
  const auto& timestamp = static_cast<const arrow::TimestampType&>(*type);
  const bool is_zoned = !timestamp.timezone().empty();
  if (notation.timestamp_format.empty()) {
    return make_fixed_width_converter(type, notation,
                                      IsoTimestampParser{timestamp.unit(), is_zoned});
  }
  ARROW_ASSIGN_OR_RAISE(auto format, TimeFormat::parse(notation.timestamp_format));
  if (format.has_zone() != is_zoned) {
    return make_error(ErrorKind::kSchemaMismatch, {},
                      is_zoned ? "timestamp_format= has no zone, %z"
                               : "timestamp_format= has a zone, and the type has none");
  }
  return make_fixed_width_converter(
      type, notation,
      FormattedTimestampParser{std::move(format), nanoseconds_per(timestamp.unit())});
}

template <typename Type>
std::unique_ptr<ColumnConverter> make_iso_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation) {
  return make_fixed_width_converter(type, notation, IsoParser<Type>{type});
}

}  // namespace

Result<std::unique_ptr<ColumnConverter>> make_time_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation) {
  switch (type->id()) {
    case arrow::Type::DATE32: {
      if (notation.date_format.empty()) {
        return make_iso_converter<arrow::Date32Type>(type, notation);
      }
      ARROW_ASSIGN_OR_RAISE(auto format, TimeFormat::parse(notation.date_format));
      return make_fixed_width_converter(type, notation,
                                        FormattedDateParser{std::move(format)});
    }
    case arrow::Type::TIME32:
      return make_iso_converter<arrow::Time32Type>(type, notation);
    case arrow::Type::TIME64:
      return make_iso_converter<arrow::Time64Type>(type, notation);
    case arrow::Type::TIMESTAMP:
      return make_timestamp_converter(type, notation);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats
