// Writers of bool, integers, floating point and decimals.

#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "velo/formats/json/value_writer.h"

namespace velo::formats::json {
namespace {

constexpr size_t kMostNumberBytes = 64;

class NullWriter : public ValueWriter {
  Status write_valid(int64_t, TextBuffer& out) override {
    out.put("null");
    return Status::OK();
  }
};

class BoolWriter : public ValueWriter {
  Status write_valid(int64_t row, TextBuffer& out) override {
    out.put(array<arrow::BooleanArray>().Value(row) ? "true" : "false");
    return Status::OK();
  }
};

template <typename Array>
class IntegerWriter : public ValueWriter {
  Status write_valid(int64_t row, TextBuffer& out) override {
    char* to = out.room(kMostNumberBytes);
    const auto value = array<Array>().Value(row);
    out.advance_to(std::to_chars(to, to + kMostNumberBytes, value).ptr);
    return Status::OK();
  }
};

inline float to_number(float value) { return value; }
inline double to_number(double value) { return value; }
inline float to_number(uint16_t half_bits) {
  return arrow::util::Float16::FromBits(half_bits).ToFloat();
}

template <typename Array>
class FloatWriter : public ValueWriter {
  Status write_valid(int64_t row, TextBuffer& out) override {
    const auto value = to_number(array<Array>().Value(row));
    if (!std::isfinite(value)) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        "JSON has no NaN and no infinity; make it NULL or text first");
    }
    char* const to = out.room(kMostNumberBytes);
    char* end = std::to_chars(to, to + kMostNumberBytes, value).ptr;
    // Without a point it would be read back as a whole number.
    const std::string_view text(to, static_cast<size_t>(end - to));
    if (text.find_first_of(".e") == std::string_view::npos) {
      *end++ = '.';
      *end++ = '0';
    }
    out.advance_to(end);
    return Status::OK();
  }
};

// Write a whole number with a point before its last `scale` digits.
char* put_with_point(uint64_t value, int32_t scale, char* to) {
  char digits[std::numeric_limits<uint64_t>::digits10 + 1];
  char* const end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  const auto num_digits = static_cast<int32_t>(end - digits);
  const int32_t num_whole = num_digits - scale;
  const char* from = digits;
  if (num_whole <= 0) *to++ = '0';
  for (int32_t i = 0; i < num_whole; ++i) *to++ = *from++;
  if (scale == 0) return to;
  *to++ = '.';
  for (int32_t i = num_whole; i < 0; ++i) *to++ = '0';
  while (from < end) *to++ = *from++;
  return to;
}

template <typename Array, typename Decimal>
class DecimalWriter : public ValueWriter {
 public:
  explicit DecimalWriter(const arrow::DataType& type)
      : scale_(static_cast<const arrow::DecimalType&>(type).scale()) {}

 private:
  Status write_valid(int64_t row, TextBuffer& out) override {
    const Decimal value(array<Array>().GetValue(row));
    if (!write_narrow(value, out)) out.put(value.ToString(scale_));
    return Status::OK();
  }

  // Write a value of 64 bits, as most are, without a string in between.
  bool write_narrow(const Decimal& value, TextBuffer& out) const {
    if constexpr (std::is_same_v<Decimal, arrow::Decimal256>) {
      return false;
    } else {
      constexpr int32_t kMostScale = 30;  // so that all of it fits the room below
      const auto narrow = value.template ToInteger<int64_t>();
      if (!narrow.ok() || scale_ < 0 || scale_ > kMostScale) return false;
      char* to = out.room(kMostNumberBytes);
      const bool negative = *narrow < 0;
      if (negative) *to++ = '-';
      const auto bits = static_cast<uint64_t>(*narrow);
      out.advance_to(put_with_point(negative ? 0 - bits : bits, scale_, to));
      return true;
    }
  }

  const int32_t scale_;
};

}  // namespace

std::unique_ptr<ValueWriter> make_number_writer(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return std::make_unique<NullWriter>();
    case arrow::Type::BOOL:
      return std::make_unique<BoolWriter>();
    case arrow::Type::INT8:
      return std::make_unique<IntegerWriter<arrow::Int8Array>>();
    case arrow::Type::INT16:
      return std::make_unique<IntegerWriter<arrow::Int16Array>>();
    case arrow::Type::INT32:
      return std::make_unique<IntegerWriter<arrow::Int32Array>>();
    case arrow::Type::INT64:
      return std::make_unique<IntegerWriter<arrow::Int64Array>>();
    case arrow::Type::UINT8:
      return std::make_unique<IntegerWriter<arrow::UInt8Array>>();
    case arrow::Type::UINT16:
      return std::make_unique<IntegerWriter<arrow::UInt16Array>>();
    case arrow::Type::UINT32:
      return std::make_unique<IntegerWriter<arrow::UInt32Array>>();
    case arrow::Type::UINT64:
      return std::make_unique<IntegerWriter<arrow::UInt64Array>>();
    case arrow::Type::DURATION:
      return std::make_unique<IntegerWriter<arrow::DurationArray>>();
    case arrow::Type::HALF_FLOAT:
      return std::make_unique<FloatWriter<arrow::HalfFloatArray>>();
    case arrow::Type::FLOAT:
      return std::make_unique<FloatWriter<arrow::FloatArray>>();
    case arrow::Type::DOUBLE:
      return std::make_unique<FloatWriter<arrow::DoubleArray>>();
    case arrow::Type::DECIMAL32:
      return std::make_unique<DecimalWriter<arrow::Decimal32Array, arrow::Decimal32>>(
          type);
    case arrow::Type::DECIMAL64:
      return std::make_unique<DecimalWriter<arrow::Decimal64Array, arrow::Decimal64>>(
          type);
    case arrow::Type::DECIMAL128:
      return std::make_unique<DecimalWriter<arrow::Decimal128Array, arrow::Decimal128>>(
          type);
    case arrow::Type::DECIMAL256:
      return std::make_unique<DecimalWriter<arrow::Decimal256Array, arrow::Decimal256>>(
          type);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::json
