// Columns of bool, integers, floating point and decimals.

#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>

#include "velo/formats/json/column_decoder.h"

namespace velo::formats::json {
namespace {

constexpr std::string_view kOutOfRange = "is out of range";
constexpr std::string_view kNotRead = "has more digits than fit";
constexpr std::string_view kNotExact = "it cannot hold exactly";

// Powers of ten that a double holds exactly.
constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
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
constexpr uint64_t kExactInDouble = uint64_t{1} << 53;
constexpr uint64_t kExactInFloat = uint64_t{1} << 24;
constexpr int kDigitsThatFit = 18;  // any number of so many digits fits 64 bits, signed

// The digits of a number: -?[0-9]+(.[0-9]+)?, at most 18 of them, with nothing behind.
struct Digits {
  uint64_t value = 0;  // without the point
  int num_fraction = 0;
  bool negative = false;
};

// Read the common kind of number. False for all others, right or wrong.
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

bool is_whole(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

class BoolColumn : public ColumnDecoder {
 public:
  using ColumnDecoder::ColumnDecoder;

  bool decode(Cursor& cursor) override {
    const bool value = cursor.peek() == 't';
    if (cursor.is_literal(value ? "true" : "false")) {
      cursor.advance();
      return append(cursor, value);
    }
    if (cursor.peek() != 'n') return cursor.fail_type(*type_);
    return cursor.take_null() && append_null(cursor);
  }

  bool append_null(Cursor& cursor) override {
    return append(cursor, false) && (--num_rows_, add_null(cursor));
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    const int64_t bytes = arrow::bit_util::BytesForBits(num_rows_);
    ARROW_ASSIGN_OR_RAISE(auto bits, bits_.finish(bytes));
    capacity_ = 0;
    return finish_array({std::move(bits)});
  }

 private:
  bool append(Cursor& cursor, bool value) {
    if (!room(cursor)) return false;
    // The first bit of a byte clears the others.
    uint8_t& byte = bits_.data()[num_rows_ / 8];
    const auto bit = static_cast<unsigned>(num_rows_ % 8);
    const unsigned kept = bit == 0 ? 0U : static_cast<unsigned>(byte);
    byte = static_cast<uint8_t>(kept | static_cast<unsigned>(value) << bit);
    ++num_rows_;
    return true;
  }

  bool room(Cursor& cursor) {
    if (num_rows_ < capacity_) return true;
    const Status status = bits_.grow(num_rows_ / 8 + 1);
    if (!status.ok()) return cursor.fail_status(status);
    capacity_ = bits_.capacity_bytes() * 8;
    return true;
  }

  ColumnBuffer bits_;
  int64_t capacity_ = 0;  // in rows
};

template <typename T>
class IntegerColumn : public FixedColumn<T> {
 public:
  using FixedColumn<T>::FixedColumn;

  bool decode(Cursor& cursor) override {
    Digits digits;
    if (!read_digits(cursor.at(), digits) || digits.num_fraction != 0) {
      return decode_uncommon(cursor);
    }
    const auto value = static_cast<int64_t>(digits.value);
    const int64_t number = digits.negative ? -value : value;
    if (!std::in_range<T>(number)) return cursor.fail_type(*this->type_, kOutOfRange);
    cursor.advance();
    return this->append(cursor, static_cast<T>(number));
  }

 private:
  bool decode_uncommon(Cursor& cursor) {
    const uint8_t c = cursor.peek();
    if (c != '-' && (c < '0' || c > '9')) return this->append_null_or_fail(cursor);
    const int64_t offset = cursor.offset();
    std::string_view raw;
    if (!cursor.take_number(raw)) return false;
    if (!is_whole(raw)) return cursor.fail_type_at(offset, *this->type_);
    T value{};
    // An unsigned column reads -0, too.
    const bool minus_zero = raw == "-0";
    const auto [end, failure] =
        std::from_chars(raw.data() + minus_zero, raw.data() + raw.size(), value);
    if (failure != std::errc() || end != raw.data() + raw.size()) {
      return cursor.fail_type_at(offset, *this->type_, kOutOfRange);
    }
    return this->append(cursor, value);
  }
};

// What is written with a point or an exponent becomes the nearest value, as everywhere; a
// whole number must be held exactly.
template <typename T>
class FloatColumn : public FixedColumn<T> {
 public:
  using FixedColumn<T>::FixedColumn;

  bool decode(Cursor& cursor) override {
    Digits digits;
    constexpr uint64_t kMostExact =
        sizeof(T) == sizeof(double) ? kExactInDouble : kExactInFloat;
    // Both operands are exact, so one division rounds correctly (Clinger's fast path). A
    // float takes it for whole numbers only, as it would round twice.
    const bool common = read_digits(cursor.at(), digits) && digits.value <= kMostExact &&
                        (sizeof(T) == sizeof(double) || digits.num_fraction == 0);
    if (!common) return decode_uncommon(cursor);
    const double value =
        static_cast<double>(digits.value) / kPowersOfTen[digits.num_fraction];
    cursor.advance();
    return this->append(cursor, static_cast<T>(digits.negative ? -value : value));
  }

 private:
  bool decode_uncommon(Cursor& cursor) {
    const uint8_t c = cursor.peek();
    if (c != '-' && (c < '0' || c > '9')) return this->append_null_or_fail(cursor);
    const int64_t offset = cursor.offset();
    std::string_view raw;
    if (!cursor.take_number(raw)) return false;
    T value{};
    const auto [end, failure] =
        std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (failure != std::errc() || end != raw.data() + raw.size()) {
      return cursor.fail_type_at(offset, *this->type_, kOutOfRange);
    }
    if (is_whole(raw) && fmt::format("{:.0f}", value) != raw) {
      return cursor.fail_type_at(offset, *this->type_, kNotExact);
    }
    return this->append(cursor, value);
  }
};

template <typename Decimal>
class DecimalColumn : public FixedColumn<Decimal> {
 public:
  explicit DecimalColumn(const std::shared_ptr<arrow::DataType>& type)
      : FixedColumn<Decimal>(type),
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
    std::string_view problem = parse(raw, value);
    if (problem.empty()) return this->append(cursor, value);
    if (is_text && problem == kNotRead) problem = "is not a decimal";
    return cursor.fail_type_at(offset, *this->type_, problem);
  }

  // What is wrong with the text, or nothing.
  std::string_view parse(std::string_view text, Decimal& value) const {
    int32_t precision = 0;
    int32_t scale = 0;
    const bool starts_well =
        !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
    if (!starts_well || !Decimal::FromString(text, &value, &precision, &scale).ok()) {
      return kNotRead;
    }
    if (scale != scale_) {
      const auto rescaled = value.Rescale(scale, scale_);
      if (!rescaled.ok()) return kNotExact;
      value = *rescaled;
    }
    return value.FitsInPrecision(precision_) ? std::string_view() : kOutOfRange;
  }

  // The most that every width of decimal can be made from.
  static constexpr int64_t kMostValue = sizeof(Decimal) == sizeof(int32_t)
                                            ? std::numeric_limits<int32_t>::max()
                                            : std::numeric_limits<int64_t>::max();

  const int32_t precision_;
  const int32_t scale_;
  std::vector<uint8_t> buffer_;
};

}  // namespace

std::unique_ptr<ColumnDecoder> make_number_column(
    const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::BOOL:
      return std::make_unique<BoolColumn>(type);
    case arrow::Type::INT8:
      return std::make_unique<IntegerColumn<int8_t>>(type);
    case arrow::Type::INT16:
      return std::make_unique<IntegerColumn<int16_t>>(type);
    case arrow::Type::INT32:
      return std::make_unique<IntegerColumn<int32_t>>(type);
    case arrow::Type::INT64:
    case arrow::Type::DURATION:
      return std::make_unique<IntegerColumn<int64_t>>(type);
    case arrow::Type::UINT8:
      return std::make_unique<IntegerColumn<uint8_t>>(type);
    case arrow::Type::UINT16:
      return std::make_unique<IntegerColumn<uint16_t>>(type);
    case arrow::Type::UINT32:
      return std::make_unique<IntegerColumn<uint32_t>>(type);
    case arrow::Type::UINT64:
      return std::make_unique<IntegerColumn<uint64_t>>(type);
    case arrow::Type::FLOAT:
      return std::make_unique<FloatColumn<float>>(type);
    case arrow::Type::DOUBLE:
      return std::make_unique<FloatColumn<double>>(type);
    case arrow::Type::DECIMAL32:
      return std::make_unique<DecimalColumn<arrow::Decimal32>>(type);
    case arrow::Type::DECIMAL64:
      return std::make_unique<DecimalColumn<arrow::Decimal64>>(type);
    case arrow::Type::DECIMAL128:
      return std::make_unique<DecimalColumn<arrow::Decimal128>>(type);
    case arrow::Type::DECIMAL256:
      return std::make_unique<DecimalColumn<arrow::Decimal256>>(type);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::json
