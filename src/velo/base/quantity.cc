#include "velo/base/quantity.h"

#include <charconv>
#include <span>
#include <system_error>

#include "velo/base/ascii.h"

namespace velo {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr Unit kCountUnits[] = {
    {"", 1}, {"k", 1'000}, {"K", 1'000}, {"M", 1'000'000}, {"G", 1'000'000'000}};

constexpr Unit kByteUnits[] = {{"", 1},
                               {"b", 1},
                               {"kb", 1'000},
                               {"mb", 1'000'000},
                               {"gb", 1'000'000'000},
                               {"tb", 1'000'000'000'000},
                               {"kib", int64_t{1} << 10},
                               {"mib", int64_t{1} << 20},
                               {"gib", int64_t{1} << 30},
                               {"tib", int64_t{1} << 40}};

constexpr Unit kDurationUnits[] = {
    {"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

std::optional<int64_t> parse_quantity(std::string_view text,
                                      std::span<const Unit> units) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [after_number, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  std::string_view name = text.substr(static_cast<size_t>(after_number - text.data()));
  if (name.starts_with(' ') && name.size() > 1) name.remove_prefix(1);
  for (const Unit& unit : units) {
    int64_t product = 0;
    if (name != unit.name) continue;
    if (__builtin_mul_overflow(number, unit.factor, &product)) return std::nullopt;
    return product;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> parse_count(std::string_view text) {
  return parse_quantity(text, kCountUnits);
}

std::optional<int64_t> parse_bytes(std::string_view text) {
  const auto bytes = parse_quantity(ascii_lower(text), kByteUnits);
  return bytes && *bytes >= 0 ? bytes : std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  const auto milliseconds = parse_quantity(text, kDurationUnits);
  if (!milliseconds || *milliseconds < 0) return std::nullopt;
  return std::chrono::milliseconds(*milliseconds);
}

}  // namespace velo
