#pragma once

/// The common kind of number, read in one go.

#include <cstdint>
#include <string_view>

#include "velo/formats/json/cursor.h"

namespace velo::formats::json {

/// What is said of a number that its column cannot hold; goes on after "which".
inline constexpr std::string_view kOutOfRange = "is out of range";
inline constexpr std::string_view kNotExact = "it cannot hold exactly";

/// Any number of so many digits fits 64 bits, with a sign.
inline constexpr int kDigitsThatFit = 18;

/// The digits of a number -?[0-9]+(.[0-9]+)?, at most 18 of them.
struct Digits {
  uint64_t value = 0;  ///< without the point
  int num_fraction = 0;
  bool negative = false;
};

/// Read the number that begins at p, if it is of that kind. False for all others, right
/// or wrong.
inline bool read_digits(const uint8_t* p, Digits& digits) {
  digits.negative = *p == '-';
  p += digits.negative;
  const uint8_t* const begin = p;
  uint64_t value = 0;
  unsigned digit;
  while ((digit = static_cast<unsigned>(*p) - '0') <= 9) {
    value = value * 10 + digit;
    ++p;
  }
  const auto num_whole = static_cast<int>(p - begin);
  int num_fraction = 0;
  if (*p == '.') {
    const uint8_t* const fraction = ++p;
    while ((digit = static_cast<unsigned>(*p) - '0') <= 9) {
      value = value * 10 + digit;
      ++p;
    }
    num_fraction = static_cast<int>(p - fraction);
    if (num_fraction == 0) return false;
  }
  digits.value = value;
  digits.num_fraction = num_fraction;
  const bool leading_zero = *begin == '0' && num_whole > 1;
  return num_whole > 0 && num_whole + num_fraction <= kDigitsThatFit && !leading_zero &&
         ends_scalar(*p);
}

}  // namespace velo::formats::json
