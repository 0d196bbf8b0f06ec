#pragma once

/// Values as text formats write them, read strictly: ISO 8601 and nothing else, no
/// rounding, no guessing of zones. Printing and parsing agree: parse(print(x)) == x.

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string_view>

namespace velo::columnar {

/// Each parser reads the whole text. It returns nullptr when it could, else what is
/// wrong, as a phrase that goes on after "which": "is not a date (YYYY-MM-DD)". Years are
/// 0000 to 9999.

/// Read "2026-01-31" as days since 1970-01-01.
const char* parse_date(std::string_view text, int32_t* days);

/// Read "23:59:58[.123…]" as units since midnight. Digits that the unit cannot hold must
/// be zero.
const char* parse_time(std::string_view text, arrow::TimeUnit::type unit, int64_t* value);

/// Read a date, 'T' or one space, and a time, as units since 1970-01-01 00:00:00. With
/// `zoned` it must end in "Z" or an offset (+02:00, +0200, +02) and the value is in UTC;
/// without, it must not.
const char* parse_timestamp(std::string_view text, arrow::TimeUnit::type unit, bool zoned,
                            int64_t* value);

/// Most bytes that a printer writes.
inline constexpr int kMostTimestampBytes = 32;

/// Each printer writes to `to`, which has room for kMostTimestampBytes, and returns the
/// end; nullptr for a year outside 0000 to 9999 (a time: outside of a day).
char* print_date(int32_t days, char* to);
/// As many digits behind the point as the unit has.
char* print_time(int64_t value, arrow::TimeUnit::type unit, char* to);
/// With a 'T' between; a "Z" behind if `zoned`.
char* print_timestamp(int64_t value, arrow::TimeUnit::type unit, bool zoned, char* to);

}  // namespace velo::columnar
