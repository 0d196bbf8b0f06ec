#include "velo/formats/number_digits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace velo::formats {
namespace {

constexpr int64_t kDecimalDigits = 38;

int64_t parse_exponent(std::string_view text) {
  constexpr int64_t kBeyondAny = 1'000'000;
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t value = text.starts_with('-') ? -kBeyondAny : kBeyondAny;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::clamp(value, -kBeyondAny, kBeyondAny);
}

// A number as text, in its parts.
struct NumberText {
  uint64_t value = 0;        // the first digits, as many as fit, without the point
  int64_t num_digits = 0;    // from the first that is not zero on, as written
  int64_t num_whole = 0;     // of those, before the point
  int64_t num_fraction = 0;  // behind the point
  int64_t exponent = 0;
  bool is_whole = true;  // neither point nor exponent

  explicit NumberText(std::string_view text) {
    size_t i = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
    for (; i < text.size(); ++i) {
      const unsigned digit = static_cast<unsigned char>(text[i]) - unsigned{'0'};
      if (digit <= 9) {
        add(digit);
      } else if (text[i] == '.') {
        is_whole = false;
      } else {
        break;
      }
    }
    if (i == text.size()) return;
    is_whole = false;
    exponent = parse_exponent(text.substr(i + 1));
  }

 private:
  void add(unsigned digit) {
    constexpr int64_t kDigitsThatFit = std::numeric_limits<uint64_t>::digits10;
    num_fraction += !is_whole;
    if (num_digits == 0 && digit == 0) return;
    num_whole += is_whole;
    if (++num_digits <= kDigitsThatFit) value = value * 10 + digit;
  }
};

// How far value * 10^power is from `whole`, more or less; exactly if it is near.
double distance(double value, int power, uint64_t whole) {
  constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const double product = value * kPowersOfTen[power];
  const double rest = std::fma(value, kPowersOfTen[power], -product);
  const auto truncated = static_cast<int64_t>(product);
  const auto difference = truncated - static_cast<int64_t>(whole);
  return std::abs(static_cast<double>(difference) +
                  (product - static_cast<double>(truncated)) + rest);
}

// Whether the number of at most 17 digits has those of its nearest double, rounded to as
// many.
bool is_rounded(const NumberText& number, double value) {
  constexpr int64_t kMostPower = 22;
  const int64_t power = number.num_fraction - number.exponent;
  value = std::abs(value);
  if (power >= 0 && power <= kMostPower) {
    const double far = distance(value, static_cast<int>(power), number.value);
    if (far < 0.499) return true;
    if (far > 0.501) return false;
  }
  constexpr size_t kMostBytes = 32;
  char printed[kMostBytes];
  std::to_chars(printed, printed + kMostBytes, value, std::chars_format::scientific,
                static_cast<int>(number.num_digits) - 1);
  uint64_t digits = 0;
  for (const char* p = printed; *p != 'e'; ++p) {
    if (*p != '.') digits = digits * 10 + static_cast<unsigned>(*p - '0');
  }
  return digits == number.value;
}

// Whether every double keeps the digits of such a number: there are few, and it is not
// near zero, where doubles have fewer.
bool has_few_digits(const NumberText& number) {
  using Limits = std::numeric_limits<double>;
  return number.num_digits <= Limits::digits10 &&
         number.exponent - number.num_fraction >
             Limits::min_exponent10 + Limits::digits10;
}

bool keeps(std::string_view text, const NumberText& number, double nearest) {
  if (number.num_digits == 0 || has_few_digits(number)) return true;
  if (number.num_digits <= std::numeric_limits<double>::max_digits10) {
    return is_rounded(number, nearest);
  }
  return number.is_whole && fmt::format("{:.0f}", nearest) == text;
}

}  // namespace

bool double_keeps(std::string_view text) {
  const NumberText number(text);
  if (number.exponent == 0 && has_few_digits(number)) return true;
  double nearest = 0;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), nearest);
  if (failure == std::errc::result_out_of_range) return false;
  const bool is_number = failure == std::errc() && end == text.data() + text.size();
  return !is_number || keeps(text, number, nearest);
}

bool double_keeps(std::string_view text, double nearest) {
  return keeps(text, NumberText(text), nearest);
}

void DecimalFit::add(std::string_view text) {
  const NumberText number(text);
  if (number.num_digits == 0 && number.exponent != 0) return;
  num_whole_ = std::max(num_whole_, number.num_whole + number.exponent);
  num_fraction_ = std::max(num_fraction_, number.num_fraction - number.exponent);
}

std::shared_ptr<arrow::DataType> DecimalFit::type() const {
  if (num_whole_ + num_fraction_ > kDecimalDigits) return nullptr;
  return arrow::decimal128(kDecimalDigits, static_cast<int32_t>(num_fraction_));
}

}  // namespace velo::formats
