// Columns of decimals. They never pass through floating point.

#include <arrow/util/decimal.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "velo/formats/csv/converters.h"
#include "velo/formats/csv/fixed_width_converter.h"
#include "velo/formats/csv/plain_number.h"
#include "velo/formats/decimal_text.h"

namespace velo::formats {
namespace {

constexpr size_t kMostShortDigits = 18;  // of any decimal that fits 64 bits

constexpr auto kPowersOfTen = [] {
  std::array<int64_t, kMostShortDigits + 1> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

// Appends the digits at the front of the text to `value`; answers how many they were.
size_t take_digits(std::string_view& text, int64_t& value) {
  size_t num_digits = 0;
  for (; num_digits < text.size(); ++num_digits) {
    const auto digit = static_cast<uint8_t>(text[num_digits] - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  text.remove_prefix(num_digits);
  return num_digits;
}

template <typename Decimal>
class DecimalParser {
 public:
  using Value = Decimal;

  DecimalParser(const arrow::DecimalType& type, const CsvNotation& notation,
                bool keeps_digits)
      : precision_(type.precision()),
        scale_(type.scale()),
        number_(notation),
        keeps_digits_(keeps_digits) {}

  bool operator()(std::string_view text, Value& value) const {
    if (number_.is_plain()) return parse(text, value);
    std::string plain;
    return number_.make_plain(text, plain) && parse(plain, value);
  }

 private:
  bool parse(std::string_view text, Value& value) const {
    if (keeps_digits_ && has_lost_front(text)) return false;
    int64_t units = 0;
    if (parse_short(text, units)) {
      value = Value(units);
      return value.FitsInPrecision(precision_);
    }
    return read_decimal(text, precision_, scale_, value) == DecimalFault::kNone;
  }

  // Reads `-12.34` and its like, as units of the scale; false for anything else.
  bool parse_short(std::string_view text, int64_t& units) const {
    const bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    if (text.size() > kMostShortDigits) return false;
    const size_t num_whole = take_digits(text, units);
    size_t num_fraction = 0;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      num_fraction = take_digits(text, units);
      if (num_fraction == 0) return false;
    }
    const auto scale = static_cast<size_t>(scale_);
    if (!text.empty() || num_whole == 0 || num_fraction > scale) return false;
    const size_t num_zeros = scale - num_fraction;
    if (num_whole + num_fraction + num_zeros > kMostShortDigits) return false;
    units *= kPowersOfTen[num_zeros];
    if (is_negative) units = -units;
    return true;
  }

  const int32_t precision_;
  const int32_t scale_;
  const PlainNumber number_;
  const bool keeps_digits_;
};

template <typename Decimal>
std::unique_ptr<ColumnConverter> make(const std::shared_ptr<arrow::DataType>& type,
                                      const CsvNotation& notation, bool keeps_digits) {
  const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
  return make_fixed_width_converter(
      type, notation, DecimalParser<Decimal>(decimal, notation, keeps_digits));
}

}  // namespace

std::unique_ptr<ColumnConverter> make_decimal_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation,
    bool keeps_digits) {
  switch (type->id()) {
    case arrow::Type::DECIMAL128:
      return make<arrow::Decimal128>(type, notation, keeps_digits);
    case arrow::Type::DECIMAL256:
      return make<arrow::Decimal256>(type, notation, keeps_digits);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats
