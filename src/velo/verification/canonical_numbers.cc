#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "velo/base/big_endian.h"
#include "velo/base/parse_number.h"
#include "velo/verification/canonical.h"

namespace velo::verification {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

// What comes before a number's digits: the order of numbers is that of these.
constexpr char kMinusInfinity = 0;
constexpr char kNegative = 1;
constexpr char kZero = 2;
constexpr char kPositive = 3;
constexpr char kInfinity = 4;
constexpr char kNotANumber = 5;

// The parts of "-12.50e3".
struct Digits {
  bool is_negative = false;
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const auto size = static_cast<size_t>(end - text.begin());
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

std::optional<Digits> parse_digits(std::string_view text) {
  Digits digits;
  digits.is_negative = text.starts_with('-');
  if (digits.is_negative) text.remove_prefix(1);
  digits.whole = take_digits(text);
  if (digits.whole.empty()) return std::nullopt;
  if (digits.whole.size() > 1 && digits.whole.front() == '0') return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits.fraction = take_digits(text);
    if (digits.fraction.empty()) return std::nullopt;
  }
  if (text.empty()) return digits;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  constexpr size_t kMostDigits = 9;
  const auto exponent = parse_number<int64_t>(text);
  if (!exponent || text.size() > kMostDigits) return std::nullopt;
  digits.exponent = *exponent;
  return digits;
}

std::optional<char> special_number(std::string_view text) {
  if (text == "NaN" || text == "nan" || text == "-nan") return kNotANumber;
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  if (text != "Infinity" && text != "inf" && text != "Inf") return std::nullopt;
  return is_negative ? kMinusInfinity : kInfinity;
}

}  // namespace

void append_integer(int64_t value, std::string& bytes) {
  bytes += value < 0 ? '\0' : '\1';
  append_big_endian<uint64_t>(bytes, static_cast<uint64_t>(value));
}

void append_unsigned(uint64_t value, std::string& bytes) {
  bytes += '\1';
  append_big_endian<uint64_t>(bytes, value);
}

void append_double(double value, std::string& bytes) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  if (value == 0) value = 0;  // no longer -0
  const auto bits = std::bit_cast<uint64_t>(value);
  append_big_endian<uint64_t>(bytes, (bits & kSignBit) != 0 ? ~bits : bits | kSignBit);
}

// Sign, exponent of the first digit, digits without zeros at either end: the larger of
// two positive numbers has the larger bytes. Those of negative ones are turned over.
bool append_number(std::string_view text, std::string& bytes) {
  if (const auto special = special_number(text)) {
    bytes += *special;
    return true;
  }
  const auto parsed = parse_digits(text);
  if (!parsed) return false;
  std::string digits(parsed->whole);
  digits += parsed->fraction;
  const size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) {
    bytes += kZero;
    return true;
  }
  const int64_t exponent =
      static_cast<int64_t>(parsed->whole.size() - first) + parsed->exponent;
  digits.erase(digits.find_last_not_of('0') + 1);
  digits.erase(0, first);
  bytes += parsed->is_negative ? kNegative : kPositive;
  const size_t begin = bytes.size();
  append_big_endian<uint64_t>(bytes, static_cast<uint64_t>(exponent) ^ kSignBit);
  bytes += digits;
  bytes += '\0';
  if (!parsed->is_negative) return true;
  std::for_each(bytes.begin() + static_cast<ptrdiff_t>(begin), bytes.end(),
                [](char& byte) { byte = static_cast<char>(~byte); });
  return true;
}

}  // namespace velo::verification
