#include "velo/connectors/stdio/calendar.h"

#include <arrow/type.h>
#include <fmt/format.h>

namespace velo::stdio {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kDaysPerEra = 146'097;  // 400 years
constexpr int64_t kDaysFromMarchOfYear0 = 719'468;

int64_t per_second(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    case arrow::TimeUnit::NANO:
      break;
  }
  return 1'000'000'000;
}

struct Division {
  int64_t quotient;
  int64_t remainder;  // never negative
};

Division divide(int64_t number, int64_t by) {
  const int64_t remainder = number % by;
  if (remainder >= 0) return {number / by, remainder};
  return {number / by - 1, remainder + by};
}

std::string fraction_text(int64_t fraction, arrow::TimeUnit::type unit) {
  int digits = static_cast<int>(unit) * 3;
  while (digits > 0 && fraction % 1000 == 0) {
    fraction /= 1000;
    digits -= 3;
  }
  return digits == 0 ? "" : fmt::format(".{:0{}}", fraction, digits);
}

std::string clock_text(int64_t seconds) {
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                     seconds % 60);
}

}  // namespace

// Counts years from March, so that the leap day is a year's last.
std::string date_text(int64_t days) {
  const auto [era, day_of_era] = divide(days + kDaysFromMarchOfYear0, kDaysPerEra);
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month =
      month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
  return fmt::format("{}{:04}-{:02}-{:02}", year < 0 ? "-" : "", year < 0 ? -year : year,
                     month, day);
}

std::string time_text(int64_t time, arrow::TimeUnit::type unit) {
  const auto [seconds, fraction] = divide(time, per_second(unit));
  return clock_text(seconds) + fraction_text(fraction, unit);
}

std::string timestamp_text(int64_t time, arrow::TimeUnit::type unit) {
  const auto [seconds, fraction] = divide(time, per_second(unit));
  const auto [days, seconds_of_day] = divide(seconds, kSecondsPerDay);
  return fmt::format("{} {}{}", date_text(days), clock_text(seconds_of_day),
                     fraction_text(fraction, unit));
}

std::string_view unit_name(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return "s";
    case arrow::TimeUnit::MILLI:
      return "ms";
    case arrow::TimeUnit::MICRO:
      return "us";
    case arrow::TimeUnit::NANO:
      break;
  }
  return "ns";
}

}  // namespace velo::stdio
