// Columns of integers and of floating point.

#include <arrow/type_traits.h>
#include <arrow/util/value_parsing.h>

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "velo/formats/csv/converters.h"
#include "velo/formats/csv/fixed_width_converter.h"
#include "velo/formats/csv/plain_number.h"
#include "velo/formats/number_digits.h"

namespace velo::formats {
namespace {

constexpr size_t kMostPlainDigits = 19;  // of any number that fits 64 bits

// Reads digits at the front; answers how many. The value is right for as many as fit.
inline size_t take_digits(std::string_view text, uint64_t& value) {
  size_t num_digits = 0;
  for (; num_digits < text.size(); ++num_digits) {
    const auto digit = static_cast<uint8_t>(text[num_digits] - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  return num_digits;
}

bool parse_magnitude(std::string_view digits, uint64_t& value) {
  value = 0;
  if (digits.size() <= kMostPlainDigits) {
    return take_digits(digits, value) == digits.size() && !digits.empty();
  }
  for (const char c : digits) {
    const auto digit = static_cast<uint8_t>(c - '0');
    if (digit > 9 || __builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, uint64_t{digit}, &value)) {
      return false;
    }
  }
  return true;
}

template <typename Integer>
struct IntegerParser {
  using Value = Integer;

  bool operator()(std::string_view text, Value& value) const {
    if (keeps_digits && has_lost_front(text)) return false;
    const bool is_negative = std::is_signed_v<Value> && text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    uint64_t magnitude = 0;
    if (!parse_magnitude(text, magnitude)) return false;
    constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<Value>::max());
    if (magnitude > kMost + (is_negative ? 1 : 0)) return false;
    value = static_cast<Value>(is_negative ? uint64_t{0} - magnitude : magnitude);
    return true;
  }

  bool keeps_digits;
};

constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

template <typename Float>
struct FloatParser {
  using Value = Float;

  bool operator()(std::string_view text, Value& value) const {
    if (keeps_digits && has_lost_front(text)) return false;
    if constexpr (std::is_same_v<Value, double>) {
      if (parse_short(text, value)) return true;
    }
    if (text.empty() ||
        !arrow::internal::StringToFloat(text.data(), text.size(), '.', &value)) {
      return false;
    }
    const bool says_infinity = text.find_first_of("iI") != std::string_view::npos;
    if (std::isinf(value) && !says_infinity) return false;
    return !keeps_digits || keeps(text, value);
  }

  // Digits and one point, so few that both they and the power of ten are exact in a
  // double: then one division rounds right, and printing it gives the same digits.
  static bool parse_short(std::string_view text, double& value) {
    constexpr size_t kAlwaysKept = std::numeric_limits<double>::digits10;
    const bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    if (text.size() > kAlwaysKept) return false;
    uint64_t digits = 0;
    const size_t num_whole = take_digits(text, digits);
    if (num_whole == 0) return false;
    size_t num_fraction = 0;
    if (num_whole < text.size()) {
      if (text[num_whole] != '.') return false;
      num_fraction = take_digits(text.substr(num_whole + 1), digits);
      if (num_whole + 1 + num_fraction != text.size()) return false;
    }
    const double magnitude = static_cast<double>(digits) / kPowersOfTen[num_fraction];
    value = is_negative ? -magnitude : magnitude;
    return true;
  }

  static bool keeps(std::string_view text, Value value) {
    if constexpr (std::is_same_v<Value, double>) return double_keeps(text, value);
    return double_keeps(text);
  }

  bool keeps_digits;
};

// What is written otherwise goes through a text of its own.
template <typename Parser>
struct SeparatedParser {
  using Value = typename Parser::Value;

  bool operator()(std::string_view text, Value& value) const {
    std::string plain;
    return number.make_plain(text, plain) && parser(plain, value);
  }

  Parser parser;
  PlainNumber number;
};

template <typename Parser>
std::unique_ptr<ColumnConverter> make(const std::shared_ptr<arrow::DataType>& type,
                                      const CsvNotation& notation, bool keeps_digits) {
  const Parser parser{keeps_digits};
  const PlainNumber number(notation);
  if (number.is_plain()) return make_fixed_width_converter(type, notation, parser);
  return make_fixed_width_converter(type, notation,
                                    SeparatedParser<Parser>{parser, number});
}

}  // namespace

std::unique_ptr<ColumnConverter> make_number_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation,
    bool keeps_digits) {
  switch (type->id()) {
    case arrow::Type::INT8:
      return make<IntegerParser<int8_t>>(type, notation, keeps_digits);
    case arrow::Type::INT16:
      return make<IntegerParser<int16_t>>(type, notation, keeps_digits);
    case arrow::Type::INT32:
      return make<IntegerParser<int32_t>>(type, notation, keeps_digits);
    case arrow::Type::INT64:
      return make<IntegerParser<int64_t>>(type, notation, keeps_digits);
    case arrow::Type::UINT8:
      return make<IntegerParser<uint8_t>>(type, notation, keeps_digits);
    case arrow::Type::UINT16:
      return make<IntegerParser<uint16_t>>(type, notation, keeps_digits);
    case arrow::Type::UINT32:
      return make<IntegerParser<uint32_t>>(type, notation, keeps_digits);
    case arrow::Type::UINT64:
      return make<IntegerParser<uint64_t>>(type, notation, keeps_digits);
    case arrow::Type::FLOAT:
      return make<FloatParser<float>>(type, notation, keeps_digits);
    case arrow::Type::DOUBLE:
      return make<FloatParser<double>>(type, notation, keeps_digits);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats
