// Columns of bool, integers and floating point.

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>
#include <vector>

#include "velo/formats/json/column_decoder.h"
#include "velo/formats/json/digits.h"
#include "velo/formats/number_digits.h"

namespace velo::formats::json {
namespace {

// Powers of ten that a double holds exactly.
constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr uint64_t kExactInDouble = uint64_t{1} << 53;
// Numbers of so many digits come back from a double, wherever the point is.
constexpr uint64_t kKeptByDouble = 999'999'999'999'999;
constexpr uint64_t kExactInFloat = uint64_t{1} << 24;
bool is_whole(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

// Not "inf", which JSON does not have.
bool is_number(std::string_view text) {
  return text.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
         !text.empty() && text[0] != '+' && text[0] != '.';
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

// Where it is asked for, a number may be a text, as programs write what others would
// round.
class QuotedNumbers {
 public:
  explicit QuotedNumbers(const ColumnRules& rules)
      : are_taken_(rules.takes_quoted_numbers) {}

  bool may_be(uint8_t first_byte) const { return are_taken_ && first_byte == '"'; }

  // The text of one, where it is a number as JSON writes it; empty where it is not.
  bool take(Cursor& cursor, std::string_view& number) {
    if (!cursor.take_text(number, buffer_)) return false;
    if (!is_number(number)) number = {};
    return true;
  }

 private:
  const bool are_taken_;
  std::vector<uint8_t> buffer_;
};

template <typename T>
class IntegerColumn : public FixedColumn<T> {
 public:
  IntegerColumn(const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules)
      : FixedColumn<T>(type), quoted_(rules) {}

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
    const int64_t offset = cursor.offset();
    std::string_view raw;
    if (quoted_.may_be(c)) {
      if (!quoted_.take(cursor, raw)) return false;
    } else if (c != '-' && (c < '0' || c > '9')) {
      return this->append_null_or_fail(cursor);
    } else if (!cursor.take_number(raw)) {
      return false;
    }
    if (raw.empty() || !is_whole(raw)) return cursor.fail_type_at(offset, *this->type_);
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

  QuotedNumbers quoted_;
};

// What is written with a point or an exponent becomes the nearest value, as everywhere,
// but not where nobody asked for a double and it would lose digits; a whole number must
// be held exactly.
template <typename T>
class FloatColumn : public FixedColumn<T> {
 public:
  FloatColumn(const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules)
      : FixedColumn<T>(type),
        quoted_(rules),
        keeps_digits_(rules.origin == SchemaOrigin::kInferred),
        most_common_(sizeof(T) < sizeof(double) ? kExactInFloat
                     : keeps_digits_            ? kKeptByDouble
                                                : kExactInDouble) {}

  bool decode(Cursor& cursor) override {
    Digits digits;
    // Both operands are exact, so one division rounds correctly (Clinger's fast path). A
    // float takes it for whole numbers only, as it would round twice.
    const bool common = read_digits(cursor.at(), digits) &&
                        digits.value <= most_common_ &&
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
    const int64_t offset = cursor.offset();
    std::string_view raw;
    if (quoted_.may_be(c)) {
      if (!quoted_.take(cursor, raw)) return false;
    } else if (c != '-' && (c < '0' || c > '9')) {
      return this->append_null_or_fail(cursor);
    } else if (!cursor.take_number(raw)) {
      return false;
    }
    if (raw.empty()) return cursor.fail_type_at(offset, *this->type_);
    T value{};
    const auto [end, failure] =
        std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (failure != std::errc() || end != raw.data() + raw.size()) {
      return cursor.fail_type_at(offset, *this->type_, kOutOfRange);
    }
    const bool is_kept = keeps_digits_
                             ? double_keeps(raw, value)
                             : !is_whole(raw) || fmt::format("{:.0f}", value) == raw;
    if (!is_kept) {
      return cursor.fail_type_at(offset, *this->type_, kNotExact);
    }
    return this->append(cursor, value);
  }

  QuotedNumbers quoted_;
  const bool keeps_digits_;
  const uint64_t most_common_;  // up to this, no digits are lost that must not be
};

}  // namespace

std::unique_ptr<ColumnDecoder> make_number_column(
    const std::shared_ptr<arrow::DataType>& type, const ColumnRules& rules) {
  switch (type->id()) {
    case arrow::Type::BOOL:
      return std::make_unique<BoolColumn>(type);
    case arrow::Type::INT8:
      return std::make_unique<IntegerColumn<int8_t>>(type, rules);
    case arrow::Type::INT16:
      return std::make_unique<IntegerColumn<int16_t>>(type, rules);
    case arrow::Type::INT32:
      return std::make_unique<IntegerColumn<int32_t>>(type, rules);
    case arrow::Type::INT64:
    case arrow::Type::DURATION:
      return std::make_unique<IntegerColumn<int64_t>>(type, rules);
    case arrow::Type::UINT8:
      return std::make_unique<IntegerColumn<uint8_t>>(type, rules);
    case arrow::Type::UINT16:
      return std::make_unique<IntegerColumn<uint16_t>>(type, rules);
    case arrow::Type::UINT32:
      return std::make_unique<IntegerColumn<uint32_t>>(type, rules);
    case arrow::Type::UINT64:
      return std::make_unique<IntegerColumn<uint64_t>>(type, rules);
    case arrow::Type::FLOAT:
      return std::make_unique<FloatColumn<float>>(type, rules);
    case arrow::Type::DOUBLE:
      return std::make_unique<FloatColumn<double>>(type, rules);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::json
