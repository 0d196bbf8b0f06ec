// Writers of bool, integers and decimals.

#include <arrow/util/decimal.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "velo/formats/value_writer.h"

namespace velo::formats {
namespace {

constexpr size_t kMostIntegerBytes = std::numeric_limits<uint64_t>::digits10 + 2;

class BoolWriter : public ValueWriter {
  Status write(int64_t row, TextBuffer& out) override {
    out.put(array<arrow::BooleanArray>().Value(row) ? std::string_view("true") : "false");
    return Status::OK();
  }
};

template <typename Array>
class IntegerWriter : public ValueWriter {
  Status write(int64_t row, TextBuffer& out) override {
    char* to = out.room(kMostIntegerBytes);
    const auto value = array<Array>().Value(row);
    out.advance_to(std::to_chars(to, to + kMostIntegerBytes, value).ptr);
    return Status::OK();
  }
};

// Copies the digits of a whole number with a point before the last `scale` of them.
char* put_with_point(std::string_view digits, size_t scale, char* to) {
  if (scale == 0) return std::ranges::copy(digits, to).out;
  const size_t num_whole = digits.size() - std::min(digits.size(), scale);
  if (num_whole == 0) *to++ = '0';
  to = std::copy_n(digits.begin(), num_whole, to);
  *to++ = '.';
  to = std::fill_n(to, scale - (digits.size() - num_whole), '0');
  return std::ranges::copy(digits.substr(num_whole), to).out;
}

// The number that 64 bits hold, as most do. False where they cannot.
bool is_narrow(const arrow::Decimal32& value, int64_t* narrow) {
  *narrow = value.value();
  return true;
}
bool is_narrow(const arrow::Decimal64& value, int64_t* narrow) {
  *narrow = value.value();
  return true;
}
bool is_narrow(const arrow::Decimal128& value, int64_t* narrow) {
  *narrow = static_cast<int64_t>(value.low_bits());
  return value.high_bits() == *narrow >> 63;
}
bool is_narrow(const arrow::Decimal256&, int64_t*) { return false; }

template <typename Array, typename Decimal>
class DecimalWriter : public ValueWriter {
 public:
  explicit DecimalWriter(const arrow::DataType& type)
      : scale_(static_cast<const arrow::DecimalType&>(type).scale()) {}

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const Decimal value(array<Array>().GetValue(row));
    int64_t narrow = 0;
    if (scale_ < 0) {
      out.put(value.ToString(scale_));
    } else if (is_narrow(value, &narrow)) {
      char digits[kMostIntegerBytes];
      const char* end = std::to_chars(digits, digits + sizeof(digits), narrow).ptr;
      put({digits, static_cast<size_t>(end - digits)}, out);
    } else {
      put(value.ToIntegerString(), out);
    }
    return Status::OK();
  }

  void put(std::string_view digits, TextBuffer& out) const {
    constexpr size_t kSignZeroAndPoint = 3;
    const auto scale = static_cast<size_t>(scale_);
    char* to = out.room(digits.size() + scale + kSignZeroAndPoint);
    if (digits.starts_with('-')) {
      *to++ = '-';
      digits.remove_prefix(1);
    }
    out.advance_to(put_with_point(digits, scale, to));
  }

  const int32_t scale_;
};

}  // namespace

std::unique_ptr<ValueWriter> make_plain_writer(const arrow::DataType& type) {
  switch (type.id()) {
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

}  // namespace velo::formats
