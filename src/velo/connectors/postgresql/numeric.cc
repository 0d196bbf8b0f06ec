#include "velo/connectors/postgresql/numeric.h"

#include <array>
#include <cstdint>

#include "velo/base/big_endian.h"

namespace velo::postgresql {
namespace {

constexpr int kDecimalsPerDigit = 4;
constexpr uint64_t kBase = 10'000;
constexpr uint16_t kPositive = 0;
constexpr uint16_t kNegative = 0x4000;
constexpr size_t kHeaderBytes = 8;
// 38 decimals, and up to three more to fill the last digit behind the point.
constexpr size_t kMaxDigits = 12;

uint64_t power_of_ten(int exponent) {
  uint64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

void append_numeric(std::string& bytes, const arrow::Decimal128& value, int32_t scale) {
  const bool is_negative = value.IsNegative();
  arrow::Decimal128 magnitude = value;
  magnitude.Abs();
  auto rest = static_cast<unsigned __int128>(static_cast<uint64_t>(magnitude.high_bits()))
                  << 64 |
              magnitude.low_bits();
  // The last digit holds the decimals that are left over, moved to its front.
  const int left_over = scale % kDecimalsPerDigit;
  std::array<uint16_t, kMaxDigits> digits{};  // the last first
  size_t num_digits = 0;
  if (left_over > 0) {
    const uint64_t part = power_of_ten(left_over);
    digits[num_digits++] = static_cast<uint16_t>(
        static_cast<uint64_t>(rest % part) * power_of_ten(kDecimalsPerDigit - left_over));
    rest /= part;
  }
  while (rest > 0) {
    digits[num_digits++] = static_cast<uint16_t>(rest % kBase);
    rest /= kBase;
  }
  const int behind_point = (scale + kDecimalsPerDigit - 1) / kDecimalsPerDigit;
  const int weight = static_cast<int>(num_digits) - behind_point - 1;
  // numeric has neither zeros at its end nor, from here, at its front.
  size_t last = 0;
  while (last < num_digits && digits[last] == 0) ++last;
  int first = static_cast<int>(num_digits);
  int first_weight = weight;
  while (first > static_cast<int>(last) && digits[static_cast<size_t>(first) - 1] == 0) {
    --first;
    --first_weight;
  }
  const auto kept = static_cast<uint16_t>(first - static_cast<int>(last));
  append_big_endian(bytes, kept);
  append_big_endian(bytes, static_cast<uint16_t>(kept == 0 ? 0 : first_weight));
  append_big_endian(bytes, kept == 0 || !is_negative ? kPositive : kNegative);
  append_big_endian(bytes, static_cast<uint16_t>(scale));
  for (int i = first - 1; i >= static_cast<int>(last); --i) {
    append_big_endian(bytes, digits[static_cast<size_t>(i)]);
  }
}

std::optional<arrow::Decimal128> read_numeric(std::string_view bytes, int32_t precision,
                                              int32_t scale) {
  if (bytes.size() < kHeaderBytes) return {};
  const auto num_digits = read_big_endian<uint16_t>(bytes.data());
  const auto weight = static_cast<int16_t>(read_big_endian<uint16_t>(bytes.data() + 2));
  const auto sign = read_big_endian<uint16_t>(bytes.data() + 4);
  if (bytes.size() != kHeaderBytes + size_t{2} * num_digits) return {};
  if (sign != kPositive && sign != kNegative) return {};
  // Decimals behind the last digit's end that are still to come, or that must be zero.
  int exponent = (weight + 1) * kDecimalsPerDigit;
  unsigned __int128 value = 0;
  // False where the value would not fit.
  const auto shift = [&](uint64_t factor, uint64_t more) {
    constexpr auto kMost = ~static_cast<unsigned __int128>(0) >> 1;
    if (value > (kMost - more) / factor) return false;
    value = value * factor + more;
    return true;
  };
  for (size_t i = 0; i < num_digits; ++i) {
    const auto digit = read_big_endian<uint16_t>(bytes.data() + kHeaderBytes + 2 * i);
    if (digit >= kBase) return {};
    exponent -= kDecimalsPerDigit;
    if (exponent >= -scale) {
      if (!shift(kBase, digit)) return {};
      continue;
    }
    // Only a part of this digit is within the scale; the rest has to be zero.
    const int beyond = -scale - exponent;
    if (beyond >= kDecimalsPerDigit) {
      if (digit != 0) return {};
      continue;
    }
    const uint64_t part = power_of_ten(beyond);
    if (digit % part != 0) return {};
    if (!shift(power_of_ten(kDecimalsPerDigit - beyond), digit / part)) return {};
    exponent = -scale;
  }
  for (; exponent > -scale && value != 0; --exponent) {
    if (!shift(10, 0)) return {};
  }
  arrow::Decimal128 decimal(static_cast<int64_t>(value >> 64),
                            static_cast<uint64_t>(value));
  if (!decimal.FitsInPrecision(precision)) return {};
  if (sign == kNegative) decimal.Negate();
  return decimal;
}

}  // namespace velo::postgresql
