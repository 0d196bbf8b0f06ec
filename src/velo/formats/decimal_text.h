#pragma once

/// Decimals as text says them. Arrow's FromString() wraps around, without a word, where a
/// number has more digits than fit.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace velo::formats {

/// Why a text is no decimal of a type.
enum class DecimalFault : int8_t {
  kNone,
  kNoNumber,
  kNotExact,    ///< it has digits behind those of the scale
  kOutOfRange,  ///< it has more digits than the precision
};

/// A number as whole units of 10^-scale.
struct DecimalUnits {
  static constexpr size_t kMostDigits = 76;  // of the widest decimal there is

  bool is_negative = false;
  std::array<char, kMostDigits> digits = {};
  size_t num_digits = 0;  ///< 0 for the number 0

  std::string_view text() const { return {digits.data(), num_digits}; }
};

/// Read [+-]?([0-9]+(.[0-9]*)?|.[0-9]+)([eE][+-]?[0-9]+)?, however long it is.
DecimalFault read_decimal_units(std::string_view text, int32_t precision, int32_t scale,
                                DecimalUnits& units);

/// The same as a value of Arrow's.
template <typename Decimal>
DecimalFault read_decimal(std::string_view text, int32_t precision, int32_t scale,
                          Decimal& value) {
  DecimalUnits units;
  const DecimalFault fault = read_decimal_units(text, precision, scale, units);
  if (fault != DecimalFault::kNone) return fault;
  value = Decimal();
  int32_t num_digits = 0;
  // So many always fit.
  if (units.num_digits > 0 &&
      !Decimal::FromString(units.text(), &value, &num_digits).ok()) {
    return DecimalFault::kOutOfRange;
  }
  if (units.is_negative) value.Negate();
  return DecimalFault::kNone;
}

}  // namespace velo::formats
