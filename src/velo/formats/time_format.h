#pragma once

/// Dates and times in a form that the user says, as strptime takes it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::formats {

/// One format, read strictly: nothing is skipped, nothing is out of range.
///
///   %Y year, four digits          %H hour, 00 to 23      %z Z, +hh, +hhmm or +hh:mm
///   %y year, 69 to 99: 19yy       %I hour, 01 to 12      %s seconds since 1970, UTC
///   %m month                      %p AM or PM            %F %Y-%m-%d
///   %b, %B month's name           %M minute              %T %H:%M:%S
///   %d, %e day                    %S second              %R %H:%M
///   %j day of the year            %f fraction, 1 to 9    %D %m/%d/%y
///   %a, %A weekday's name            digits              %% a percent sign
///
/// Numbers of two digits may have one, unless another number is next to them. Names are
/// English, long or short, in any case. Immutable.
class TimeFormat {
 public:
  /// Errors: kInvalidArgument, saying which part is not known or twice there.
  static Result<TimeFormat> parse(std::string_view format);

  /// Since 1970-01-01 00:00:00, in UTC where the format has a zone.
  struct Moment {
    int64_t seconds = 0;
    int32_t nanoseconds = 0;
  };
  /// nullopt for a text that is not of this format, to its end, or no day of a calendar.
  std::optional<Moment> read(std::string_view text) const;

  bool has_date() const { return has("Ymd") || has("Yj") || has("s"); }
  bool has_time() const;
  bool has_zone() const { return has("z") || has("s"); }

 private:
  struct Fields;

  Status add(char directive);
  bool has(std::string_view directives) const;
  bool read_item(size_t item, std::string_view& text, Fields& fields) const;
  static std::optional<Moment> moment_of(const Fields& fields);

  // One of the letters above, of %y Y, %e d, %B b, %A a; or 0 and a literal.
  struct Item {
    char directive = 0;
    char literal = 0;
    bool is_short_year = false;
  };
  std::vector<Item> items_;
};

}  // namespace velo::formats
