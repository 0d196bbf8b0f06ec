#include "velo/formats/decimal_text.h"

#include <algorithm>
#include <optional>

namespace velo::formats {
namespace {

// More than any text that is held has digits.
constexpr int64_t kMostExponent = int64_t{1} << 40;

std::string_view take_digits(std::string_view& text) {
  size_t num_digits = 0;
  while (num_digits < text.size() && text[num_digits] >= '0' && text[num_digits] <= '9') {
    ++num_digits;
  }
  const std::string_view digits = text.substr(0, num_digits);
  text.remove_prefix(num_digits);
  return digits;
}

bool take_minus(std::string_view& text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  return is_negative;
}

// The power of ten at the end of a number, which ends the text; 0 where there is none.
std::optional<int64_t> take_exponent(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  const bool is_negative = take_minus(text);
  const std::string_view digits = take_digits(text);
  if (digits.empty() || !text.empty()) return std::nullopt;
  int64_t exponent = 0;
  for (const char c : digits) {
    exponent = std::min(exponent * 10 + (c - '0'), kMostExponent);
  }
  return is_negative ? -exponent : exponent;
}

// The digits of a number, without the zeros at both ends; `power` is that of the last.
struct Significant {
  std::string_view whole;     // the first of them
  std::string_view fraction;  // the others
  int64_t power = 0;

  int64_t size() const { return static_cast<int64_t>(whole.size() + fraction.size()); }
};

Significant significant_of(std::string_view whole, std::string_view fraction) {
  constexpr auto kNone = std::string_view::npos;
  const size_t first = whole.find_first_not_of('0');
  whole.remove_prefix(std::min(first, whole.size()));
  const size_t last = fraction.find_last_not_of('0');
  fraction = fraction.substr(0, last == kNone ? 0 : last + 1);
  auto power = -static_cast<int64_t>(fraction.size());
  if (whole.empty()) {
    fraction.remove_prefix(std::min(fraction.find_first_not_of('0'), fraction.size()));
  } else if (fraction.empty()) {
    const size_t end = whole.find_last_not_of('0') + 1;
    power = static_cast<int64_t>(whole.size() - end);
    whole = whole.substr(0, end);
  }
  return {whole, fraction, power};
}

}  // namespace

DecimalFault read_decimal_units(std::string_view text, int32_t precision, int32_t scale,
                                DecimalUnits& units) {
  units.is_negative = take_minus(text);
  const std::string_view whole = take_digits(text);
  const bool has_point = text.starts_with('.');
  if (has_point) text.remove_prefix(1);
  const std::string_view fraction = has_point ? take_digits(text) : std::string_view();
  const auto exponent = take_exponent(text);
  if ((whole.empty() && fraction.empty()) || !exponent) return DecimalFault::kNoNumber;
  const Significant number = significant_of(whole, fraction);
  units.num_digits = 0;
  if (number.size() == 0) return DecimalFault::kNone;
  const int64_t num_zeros = number.power + *exponent + scale;
  if (num_zeros < 0) return DecimalFault::kNotExact;
  const int64_t num_digits = number.size() + num_zeros;
  if (num_digits > std::min<int64_t>(precision, DecimalUnits::kMostDigits)) {
    return DecimalFault::kOutOfRange;
  }
  auto* end = std::ranges::copy(number.whole, units.digits.data()).out;
  end = std::ranges::copy(number.fraction, end).out;
  std::fill_n(end, num_zeros, '0');
  units.num_digits = static_cast<size_t>(num_digits);
  return DecimalFault::kNone;
}

}  // namespace velo::formats
