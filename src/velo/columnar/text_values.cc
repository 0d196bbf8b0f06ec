#include "velo/columnar/text_values.h"

#include <arrow/type.h>

#include <chrono>

namespace velo::columnar {
namespace {

constexpr char kNotADate[] = "is not a date (YYYY-MM-DD)";
constexpr char kNotATime[] = "is not a time (HH:MM:SS)";
constexpr char kNotATimestamp[] = "is not a timestamp (YYYY-MM-DD HH:MM:SS)";
constexpr char kTooPrecise[] = "has more digits behind the point than the column";
constexpr char kOutOfRange[] = "is out of range";
constexpr char kZoneMissing[] = "has no zone (Z or an offset such as +02:00)";
constexpr char kZoneUnwanted[] = "has a zone, and the column has none";

constexpr int64_t kSecondsPerDay = 86'400;
constexpr size_t kDateBytes = 10;
constexpr size_t kTimeBytes = 8;

constexpr int64_t units_per_second(arrow::TimeUnit::type unit) {
  constexpr int64_t kUnits[] = {1, 1'000, 1'000'000, 1'000'000'000};
  return kUnits[unit];
}

constexpr int digits_of(arrow::TimeUnit::type unit) {
  constexpr int kDigits[] = {0, 3, 6, 9};
  return kDigits[unit];
}

// Two digits at p, or more than 99.
unsigned two_digits(const char* p) {
  const auto tens = static_cast<unsigned>(p[0]) - '0';
  const auto ones = static_cast<unsigned>(p[1]) - '0';
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : 1000;
}

// "2026-01-31", ten bytes at p.
bool read_date(const char* p, int64_t* days) {
  const unsigned century = two_digits(p);
  const unsigned year = two_digits(p + 2);
  const unsigned month = two_digits(p + 5);
  const unsigned day = two_digits(p + 8);
  if (century > 99 || year > 99 || p[4] != '-' || p[7] != '-') return false;
  const std::chrono::year_month_day date{
      std::chrono::year(static_cast<int>(century * 100 + year)),
      std::chrono::month(month), std::chrono::day(day)};
  if (month > 12 || day > 31 || !date.ok()) return false;
  *days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

// "23:59:58", eight bytes at p.
bool read_time(const char* p, int64_t* seconds) {
  const unsigned hour = two_digits(p);
  const unsigned minute = two_digits(p + 3);
  const unsigned second = two_digits(p + 6);
  if (hour > 23 || minute > 59 || second > 59 || p[2] != ':' || p[5] != ':') return false;
  *seconds = hour * 3600 + minute * 60 + second;
  return true;
}

// Take ".123" off the front, if there is a point. What is wrong, or nullptr.
const char* take_fraction(std::string_view& text, arrow::TimeUnit::type unit,
                          int64_t* fraction, const char* malformed) {
  *fraction = 0;
  if (text.empty() || text[0] != '.') return nullptr;
  const int wanted = digits_of(unit);
  size_t i = 1;
  int num_digits = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    if (num_digits == wanted) {
      if (text[i] != '0') return kTooPrecise;
      continue;
    }
    *fraction = *fraction * 10 + (text[i] - '0');
    ++num_digits;
  }
  if (i == 1) return malformed;
  for (; num_digits < wanted; ++num_digits) *fraction *= 10;
  text.remove_prefix(i);
  return nullptr;
}

// Read "Z", "+02:00", "+0200" or "+02" as seconds east of UTC.
bool read_zone(std::string_view text, int64_t* seconds_east) {
  *seconds_east = 0;
  if (text == "Z" || text == "z") return true;
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return false;
  const unsigned hours = two_digits(text.data() + 1);
  unsigned minutes = 0;
  if (text.size() == 6 && text[3] == ':') {
    minutes = two_digits(text.data() + 4);
  } else if (text.size() == 5) {
    minutes = two_digits(text.data() + 3);
  } else if (text.size() != 3) {
    return false;
  }
  if (hours > 23 || minutes > 59) return false;
  *seconds_east =
      (text[0] == '-' ? -1 : 1) * static_cast<int64_t>(hours * 3600 + minutes * 60);
  return true;
}

char* put_two(unsigned value, char* to) {
  *to++ = static_cast<char>('0' + value / 10);
  *to++ = static_cast<char>('0' + value % 10);
  return to;
}

char* put_date(int64_t days, char* to) {
  constexpr int64_t kFirstDay = -719'528;  // 0000-01-01
  constexpr int64_t kLastDay = 2'932'896;  // 9999-12-31
  if (days < kFirstDay || days > kLastDay) return nullptr;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  to = put_two(year % 100, put_two(year / 100, to));
  *to++ = '-';
  to = put_two(static_cast<unsigned>(date.month()), to);
  *to++ = '-';
  return put_two(static_cast<unsigned>(date.day()), to);
}

char* put_time(int64_t value, arrow::TimeUnit::type unit, char* to) {
  const auto seconds = static_cast<unsigned>(value / units_per_second(unit));
  to = put_two(seconds / 3600, to);
  *to++ = ':';
  to = put_two(seconds / 60 % 60, to);
  *to++ = ':';
  to = put_two(seconds % 60, to);
  const int num_digits = digits_of(unit);
  if (num_digits == 0) return to;
  *to++ = '.';
  int64_t fraction = value % units_per_second(unit);
  for (int i = num_digits; i-- > 0; fraction /= 10) {
    to[i] = static_cast<char>('0' + fraction % 10);
  }
  return to + num_digits;
}

}  // namespace

const char* parse_date(std::string_view text, int32_t* days) {
  int64_t wide = 0;
  if (text.size() != kDateBytes || !read_date(text.data(), &wide)) return kNotADate;
  *days = static_cast<int32_t>(wide);
  return nullptr;
}

const char* parse_time(std::string_view text, arrow::TimeUnit::type unit,
                       int64_t* value) {
  int64_t seconds = 0;
  if (text.size() < kTimeBytes || !read_time(text.data(), &seconds)) return kNotATime;
  text.remove_prefix(kTimeBytes);
  int64_t fraction = 0;
  if (const char* problem = take_fraction(text, unit, &fraction, kNotATime))
    return problem;
  if (!text.empty()) return kNotATime;
  *value = seconds * units_per_second(unit) + fraction;
  return nullptr;
}

const char* parse_timestamp(std::string_view text, arrow::TimeUnit::type unit, bool zoned,
                            int64_t* value) {
  int64_t days = 0;
  int64_t seconds = 0;
  if (text.size() < kDateBytes + 1 + kTimeBytes || !read_date(text.data(), &days) ||
      (text[kDateBytes] != ' ' && text[kDateBytes] != 'T') ||
      !read_time(text.data() + kDateBytes + 1, &seconds)) {
    return kNotATimestamp;
  }
  text.remove_prefix(kDateBytes + 1 + kTimeBytes);
  int64_t fraction = 0;
  if (const char* problem = take_fraction(text, unit, &fraction, kNotATimestamp)) {
    return problem;
  }
  int64_t seconds_east = 0;
  if (text.empty() ? zoned : !read_zone(text, &seconds_east)) {
    return text.empty() ? kZoneMissing : kNotATimestamp;
  }
  if (!text.empty() && !zoned) return kZoneUnwanted;
  const int64_t instant = days * kSecondsPerDay + seconds - seconds_east;
  // The fraction is added to what is nearer to zero, lest the least value overflows.
  const int64_t units = units_per_second(unit);
  int64_t whole = 0;
  const bool borrow = instant < 0 && fraction > 0;
  if (__builtin_mul_overflow(instant + borrow, units, &whole) ||
      __builtin_add_overflow(whole, borrow ? fraction - units : fraction, value)) {
    return kOutOfRange;
  }
  return nullptr;
}

char* print_date(int32_t days, char* to) { return put_date(days, to); }

char* print_time(int64_t value, arrow::TimeUnit::type unit, char* to) {
  if (value < 0 || value >= kSecondsPerDay * units_per_second(unit)) return nullptr;
  return put_time(value, unit, to);
}

char* print_timestamp(int64_t value, arrow::TimeUnit::type unit, bool zoned, char* to) {
  const int64_t units_per_day = kSecondsPerDay * units_per_second(unit);
  int64_t days = value / units_per_day;
  int64_t in_day = value % units_per_day;
  if (in_day < 0) {
    in_day += units_per_day;
    --days;
  }
  to = put_date(days, to);
  if (to == nullptr) return nullptr;
  *to++ = 'T';
  to = put_time(in_day, unit, to);
  if (zoned) *to++ = 'Z';
  return to;
}

}  // namespace velo::columnar
