#include "velo/formats/time_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "velo/base/ascii.h"

namespace velo::formats {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

// Reads a number of so many digits at the front.
std::optional<int64_t> take_number(std::string_view& text, size_t least, size_t most) {
  int64_t number = 0;
  size_t num_digits = 0;
  for (; num_digits < std::min(most, text.size()); ++num_digits) {
    const char c = text[num_digits];
    if (c < '0' || c > '9') break;
    number = number * 10 + (c - '0');
  }
  if (num_digits < least) return std::nullopt;
  text.remove_prefix(num_digits);
  return number;
}

// Reads a name at the front, whole or its first three letters; answers its number.
template <size_t Size>
std::optional<int> take_name(std::string_view& text,
                             const std::array<std::string_view, Size>& names) {
  constexpr size_t kShort = 3;
  for (size_t i = 0; i < Size; ++i) {
    for (const std::string_view name : {names[i], names[i].substr(0, kShort)}) {
      if (ascii_lower(text.substr(0, name.size())) != name) continue;
      text.remove_prefix(name.size());
      return static_cast<int>(i);
    }
  }
  return std::nullopt;
}

// Reads Z, +hh, +hhmm or +hh:mm; answers the seconds east of UTC.
std::optional<int64_t> take_zone(std::string_view& text) {
  if (text.starts_with('Z')) {
    text.remove_prefix(1);
    return 0;
  }
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  const int64_t sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2, 2);
  const bool has_colon = hours && text.starts_with(':');
  if (has_colon) text.remove_prefix(1);
  const auto minutes = hours ? take_number(text, 2, 2) : std::nullopt;
  if (!hours || *hours > 23 || minutes.value_or(0) > 59 || (has_colon && !minutes)) {
    return std::nullopt;
  }
  return sign * (*hours * 3600 + minutes.value_or(0) * 60);
}

bool is_number(char directive) {
  return std::string_view("YmdjHIMSfs").find(directive) != std::string_view::npos;
}

// Reads up to nine digits, as nanoseconds.
std::optional<int64_t> take_fraction(std::string_view& text) {
  constexpr size_t kDigits = 9;
  const size_t size = text.size();
  auto fraction = take_number(text, 1, kDigits);
  if (!fraction) return std::nullopt;
  for (size_t digits = size - text.size(); digits < kDigits; ++digits) *fraction *= 10;
  return fraction;
}

}  // namespace

struct TimeFormat::Fields {
  int64_t year = 1970;
  int64_t month = 1;
  int64_t day = 1;
  int64_t day_of_year = 0;  // 0: not said
  int64_t hour = 0;
  int64_t half_of_day = -1;  // 0: AM, 1: PM, -1: not said
  int64_t minute = 0;
  int64_t second = 0;
  int64_t nanosecond = 0;
  int64_t zone = 0;
  std::optional<int64_t> since_epoch;
  bool is_before_epoch = false;
};

Result<TimeFormat> TimeFormat::parse(std::string_view format) {
  TimeFormat parsed;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      parsed.items_.push_back({.literal = format[i]});
      continue;
    }
    if (++i < format.size() && format[i] == '-') ++i;  // %-d: others have it so
    if (i >= format.size()) {
      return make_error(ErrorKind::kInvalidArgument, {}, "it ends in the middle of a %");
    }
    ARROW_RETURN_NOT_OK(parsed.add(format[i]));
  }
  if (parsed.has("I") != parsed.has("p")) {
    return make_error(ErrorKind::kInvalidArgument, {}, "%I and %p belong together");
  }
  return parsed;
}

Status TimeFormat::add(char directive) {
  constexpr std::pair<char, std::string_view> kShorthands[] = {
      {'F', "%Y-%m-%d"}, {'T', "%H:%M:%S"}, {'R', "%H:%M"}, {'D', "%m/%d/%y"}};
  for (const auto& [name, meaning] : kShorthands) {
    if (directive != name) continue;
    for (size_t i = 0; i < meaning.size(); ++i) {
      if (meaning[i] != '%') {
        items_.push_back({.literal = meaning[i]});
      } else {
        ARROW_RETURN_NOT_OK(add(meaning[++i]));
      }
    }
    return Status::OK();
  }
  if (directive == '%') {
    items_.push_back({.literal = '%'});
    return Status::OK();
  }
  Item item{.directive = directive, .is_short_year = directive == 'y'};
  constexpr std::pair<char, char> kSame[] = {
      {'y', 'Y'}, {'e', 'd'}, {'B', 'b'}, {'h', 'b'}, {'A', 'a'}};
  for (const auto& [name, meaning] : kSame) {
    if (directive == name) item.directive = meaning;
  }
  if (std::string_view("YmbdjaHIpMSfzs").find(item.directive) == std::string_view::npos) {
    return make_error(
        ErrorKind::kInvalidArgument, {},
        fmt::format("%{} is not known; there are %Y %y %m %b %B %d %e %j %a %A %H %I %p "
                    "%M %S %f %z %s %F %T %R %D %%",
                    directive));
  }
  const auto is_said = [&](char one) {
    return std::ranges::find(items_, one, &Item::directive) != items_.end();
  };
  if (is_said(item.directive) || (item.directive == 'b' && is_said('m')) ||
      (item.directive == 'm' && is_said('b')) ||
      (item.directive == 'H' && is_said('I')) ||
      (item.directive == 'I' && is_said('H'))) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("%{} says what is said before", directive));
  }
  items_.push_back(item);
  return Status::OK();
}

bool TimeFormat::has(std::string_view directives) const {
  return std::ranges::all_of(directives, [&](char directive) {
    return std::ranges::any_of(items_, [&](const Item& item) {
      return item.directive == directive || (directive == 'm' && item.directive == 'b');
    });
  });
}

bool TimeFormat::has_time() const {
  return std::ranges::any_of(std::string_view("HIpMSfzs"), [&](char directive) {
    return has(std::string_view(&directive, 1));
  });
}

std::optional<TimeFormat::Moment> TimeFormat::read(std::string_view text) const {
  Fields fields;
  for (size_t item = 0; item < items_.size(); ++item) {
    if (!read_item(item, text, fields)) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return moment_of(fields);
}

bool TimeFormat::read_item(size_t index, std::string_view& text, Fields& fields) const {
  const Item& item = items_[index];
  if (item.directive == 0) {
    if (!text.starts_with(item.literal)) return false;
    text.remove_prefix(1);
    return true;
  }
  const bool stands_alone =
      (index == 0 || !is_number(items_[index - 1].directive)) &&
      (index + 1 == items_.size() || !is_number(items_[index + 1].directive));
  const auto take = [&](int64_t& field, int64_t least, int64_t most, size_t num_digits) {
    const auto number = take_number(text, stands_alone ? 1 : num_digits, num_digits);
    if (!number || *number < least || *number > most) return false;
    field = *number;
    return true;
  };
  const auto keep = [](const auto& taken, int64_t& field) {
    if (taken) field = *taken;
    return taken.has_value();
  };
  switch (item.directive) {
    case 'Y': {
      const size_t num_digits = item.is_short_year ? 2 : 4;
      if (!keep(take_number(text, num_digits, num_digits), fields.year)) return false;
      if (item.is_short_year) fields.year += fields.year < 69 ? 2000 : 1900;
      return true;
    }
    case 'm':
      return take(fields.month, 1, 12, 2);
    case 'b':
      return keep(take_name(text, kMonths), fields.month) && ++fields.month > 0;
    case 'd':
      return take(fields.day, 1, 31, 2);
    case 'j':
      return take(fields.day_of_year, 1, 366, 3);
    case 'a':
      return take_name(text, kWeekdays).has_value();
    case 'H':
      return take(fields.hour, 0, 23, 2);
    case 'I':
      return take(fields.hour, 1, 12, 2);
    case 'p': {
      const std::string half = ascii_lower(text.substr(0, 2));
      if (half != "am" && half != "pm") return false;
      fields.half_of_day = half == "pm" ? 1 : 0;
      text.remove_prefix(2);
      return true;
    }
    case 'M':
      return take(fields.minute, 0, 59, 2);
    case 'S':
      return take(fields.second, 0, 59, 2);
    case 'f':
      return keep(take_fraction(text), fields.nanosecond);
    case 'z':
      return keep(take_zone(text), fields.zone);
    default: {  // 's'
      constexpr size_t kMostDigits = 12;
      const int64_t sign = text.starts_with('-') ? -1 : 1;
      if (sign < 0) text.remove_prefix(1);
      const auto seconds = take_number(text, 1, kMostDigits);
      if (seconds) fields.since_epoch = sign * *seconds;
      fields.is_before_epoch = sign < 0;
      return seconds.has_value();
    }
  }
}

std::optional<TimeFormat::Moment> TimeFormat::moment_of(const Fields& fields) {
  constexpr int64_t kHalfDay = 12;
  constexpr int32_t kNanosecondsPerSecond = 1'000'000'000;
  const auto nanoseconds = static_cast<int32_t>(fields.nanosecond);
  if (fields.since_epoch) {
    // The fraction of -1.5 goes back, too; that of a moment goes forward.
    if (!fields.is_before_epoch || nanoseconds == 0) {
      return Moment{*fields.since_epoch, nanoseconds};
    }
    return Moment{*fields.since_epoch - 1, kNanosecondsPerSecond - nanoseconds};
  }
  using std::chrono::sys_days;
  const std::chrono::year year(static_cast<int>(fields.year));
  sys_days day;
  if (fields.day_of_year > 0) {
    day = sys_days(year / 1 / 1) + std::chrono::days(fields.day_of_year - 1);
    if (std::chrono::year_month_day(day).year() != year) return std::nullopt;
  } else {
    const std::chrono::year_month_day date(
        year, std::chrono::month(static_cast<unsigned>(fields.month)),
        std::chrono::day(static_cast<unsigned>(fields.day)));
    if (!date.ok()) return std::nullopt;
    day = date;
  }
  int64_t hour = fields.hour;
  if (fields.half_of_day >= 0) hour = hour % kHalfDay + fields.half_of_day * kHalfDay;
  const int64_t seconds = int64_t{day.time_since_epoch().count()} * 86'400 + hour * 3600 +
                          fields.minute * 60 + fields.second - fields.zone;
  return Moment{seconds, nanoseconds};
}

}  // namespace velo::formats
