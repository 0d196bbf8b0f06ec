// Columns of decimals. They never pass through floating point.

#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>

#include <limits>
#include <utility>

#include "velo/formats/decimal_text.h"
#include "velo/formats/json/column_decoder.h"
#include "velo/formats/json/digits.h"

namespace velo::formats::json {
namespace {

constexpr uint64_t kWholePowersOfTen[] = {1,
                                          10,
                                          100,
                                          1'000,
                                          10'000,
                                          100'000,
                                          1'000'000,
                                          10'000'000,
                                          100'000'000,
                                          1'000'000'000,
                                          10'000'000'000,
                                          100'000'000'000,
                                          1'000'000'000'000,
                                          10'000'000'000'000,
                                          100'000'000'000'000,
                                          1'000'000'000'000'000,
                                          10'000'000'000'000'000,
                                          100'000'000'000'000'000,
                                          1'000'000'000'000'000'000};

template <typename Decimal>
class DecimalColumn : public FixedColumn<Decimal> {
 public:
  DecimalColumn(const std::shared_ptr<arrow::DataType>& type,
                std::shared_ptr<const bool> is_bytes)
      : FixedColumn<Decimal>(type),
        is_bytes_(std::move(is_bytes)),
        precision_(static_cast<const arrow::DecimalType&>(*type).precision()),
        scale_(static_cast<const arrow::DecimalType&>(*type).scale()) {}

  bool decode(Cursor& cursor) override {
    Digits digits;
    if (!read_digits(cursor.at(), digits) || !scale_up(digits)) {
      return decode_uncommon(cursor);
    }
    const auto magnitude = static_cast<int64_t>(digits.value);
    const Decimal value(digits.negative ? -magnitude : magnitude);
    if (!value.FitsInPrecision(precision_)) {
      return cursor.fail_type(*this->type_, kOutOfRange);
    }
    cursor.advance();
    return this->append(cursor, value);
  }

 private:
  // Give the digits as many behind the point as the column has. False if that takes more
  // than they have room for.
  bool scale_up(Digits& digits) const {
    const int missing = scale_ - digits.num_fraction;
    if (missing < 0 || missing > kDigitsThatFit) return false;
    return !__builtin_mul_overflow(digits.value, kWholePowersOfTen[missing],
                                   &digits.value) &&
           digits.value < static_cast<uint64_t>(kMostValue);
  }

  bool decode_uncommon(Cursor& cursor) {
    const int64_t offset = cursor.offset();
    const bool is_text = cursor.peek() == '"';
    std::string_view raw;
    switch (cursor.peek()) {
      case '"':
        // Many write decimals as text, so that nobody reads them as floating point.
        if (!cursor.take_text(raw, buffer_)) return false;
        break;
      case 'n':
        return this->append_null_or_fail(cursor);
      case '{':
      case '[':
      case 't':
      case 'f':
        return cursor.fail_type(*this->type_);
      default:
        if (!cursor.take_number(raw)) return false;
    }
    Decimal value;
    const std::string_view problem =
        is_text && is_bytes_ && *is_bytes_ ? parse_bytes(raw, value) : parse(raw, value);
    if (problem.empty()) return this->append(cursor, value);
    return cursor.fail_type_at(offset, *this->type_, problem);
  }

  // The digits as a whole number: big-endian, two's complement, in base64.
  std::string_view parse_bytes(std::string_view text, Decimal& value) const {
    const Result<std::string> bytes = arrow::util::base64_decode(text);
    if (!bytes.ok() || bytes->empty() || arrow::util::base64_encode(*bytes) != text) {
      return "is not base64";
    }
    const auto number =
        Decimal::FromBigEndian(reinterpret_cast<const uint8_t*>(bytes->data()),
                               static_cast<int32_t>(bytes->size()));
    if (!number.ok() || !number->FitsInPrecision(precision_)) return kOutOfRange;
    value = *number;
    return {};
  }

  // What is wrong with the text, or nothing.
  std::string_view parse(std::string_view text, Decimal& value) const {
    // "+1.5" and ".5" are no numbers in JSON, nor in a text.
    const bool starts_well =
        !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
    const DecimalFault fault = starts_well ? read_decimal(text, precision_, scale_, value)
                                           : DecimalFault::kNoNumber;
    switch (fault) {
      case DecimalFault::kNoNumber:
        return "is not a decimal";
      case DecimalFault::kNotExact:
        return kNotExact;
      case DecimalFault::kOutOfRange:
        return kOutOfRange;
      case DecimalFault::kNone:
        break;
    }
    return {};
  }

  // The most that every width of decimal can be made from.
  static constexpr int64_t kMostValue = sizeof(Decimal) == sizeof(int32_t)
                                            ? std::numeric_limits<int32_t>::max()
                                            : std::numeric_limits<int64_t>::max();

  const std::shared_ptr<const bool> is_bytes_;  // nullptr: never
  const int32_t precision_;
  const int32_t scale_;
  std::vector<uint8_t> buffer_;
};

}  // namespace

std::unique_ptr<ColumnDecoder> make_decimal_column(
    const std::shared_ptr<arrow::DataType>& type) {
  return make_connect_decimal_column(type, nullptr);
}

std::unique_ptr<ColumnDecoder> make_connect_decimal_column(
    const std::shared_ptr<arrow::DataType>& type, std::shared_ptr<const bool> is_bytes) {
  switch (type->id()) {
    case arrow::Type::DECIMAL32:
      return std::make_unique<DecimalColumn<arrow::Decimal32>>(type, std::move(is_bytes));
    case arrow::Type::DECIMAL64:
      return std::make_unique<DecimalColumn<arrow::Decimal64>>(type, std::move(is_bytes));
    case arrow::Type::DECIMAL128:
      return std::make_unique<DecimalColumn<arrow::Decimal128>>(type,
                                                                std::move(is_bytes));
    case arrow::Type::DECIMAL256:
      return std::make_unique<DecimalColumn<arrow::Decimal256>>(type,
                                                                std::move(is_bytes));
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::json
