#pragma once

/// Dates and times as ISO 8601 writes them, with a space for the T. Any value has a text:
/// years beyond four digits are written whole.

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace velo::stdio {

/// Days since 1970-01-01: "2026-01-02".
std::string date_text(int64_t days);

/// Time since midnight: "03:04:05", and as many groups of three decimals as are not zero.
std::string time_text(int64_t time, arrow::TimeUnit::type unit);

/// Time since 1970-01-01 00:00:00: "2026-01-02 03:04:05.123".
std::string timestamp_text(int64_t time, arrow::TimeUnit::type unit);

/// "s", "ms", "us" or "ns".
std::string_view unit_name(arrow::TimeUnit::type unit);

}  // namespace velo::stdio
