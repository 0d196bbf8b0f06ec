// Writers of values that are not nested.

#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "velo/base/utf8.h"
#include "velo/formats/avro/binary.h"
#include "velo/formats/avro/value_writer.h"

namespace velo::formats::avro {
namespace {

void put_long(int64_t value, TextBuffer& out) {
  out.advance_to(write_long(value, out.room(kMostLongBytes)));
}

void put_text(std::string_view text, TextBuffer& out) {
  put_long(static_cast<int64_t>(text.size()), out);
  out.put(text);
}

class NullWriter : public ValueWriter {
 public:
  Status write(int64_t, TextBuffer&) override { return Status::OK(); }
};

class BooleanWriter : public ValueWriter {
 public:
  Status write(int64_t row, TextBuffer& out) override {
    out.put(array<arrow::BooleanArray>().Value(row) ? '\1' : '\0');
    return Status::OK();
  }
};

template <typename Array>
class IntegerWriter : public ValueWriter {
 public:
  Status write(int64_t row, TextBuffer& out) override {
    put_long(static_cast<int64_t>(this->template array<Array>().Value(row)), out);
    return Status::OK();
  }
};

// Units that Avro has only coarser or finer: values are multiplied, or divided without a
// rest.
template <typename Array>
class ScaledWriter : public ValueWriter {
 public:
  ScaledWriter(int64_t factor, int64_t divisor) : factor_(factor), divisor_(divisor) {}

  Status write(int64_t row, TextBuffer& out) override {
    const auto value = static_cast<int64_t>(this->template array<Array>().Value(row));
    int64_t scaled = 0;
    if (value % divisor_ != 0 ||
        __builtin_mul_overflow(value / divisor_, factor_, &scaled)) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        fmt::format("{} has no place in the unit that Avro has; cast it "
                                    "first",
                                    value));
    }
    put_long(scaled, out);
    return Status::OK();
  }

 private:
  const int64_t factor_;
  const int64_t divisor_;
};

// Of a time of day, in units of which a day has so many.
template <typename Array>
class TimeWriter : public ScaledWriter<Array> {
 public:
  TimeWriter(int64_t units_of_day, int64_t factor, int64_t divisor)
      : ScaledWriter<Array>(factor, divisor), units_of_day_(units_of_day) {}

  Status write(int64_t row, TextBuffer& out) override {
    const auto value = static_cast<int64_t>(this->template array<Array>().Value(row));
    if (value < 0 || value >= units_of_day_) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        fmt::format("{} is no time of day; cast it first", value));
    }
    return ScaledWriter<Array>::write(row, out);
  }

 private:
  const int64_t units_of_day_;
};

template <typename Array, typename Float>
class FloatWriter : public ValueWriter {
 public:
  Status write(int64_t row, TextBuffer& out) override {
    const Float value = value_of(this->template array<Array>(), row);
    char* to = out.room(sizeof(Float));
    std::memcpy(to, &value, sizeof(Float));
    out.advance_to(to + sizeof(Float));
    return Status::OK();
  }

 private:
  static Float value_of(const Array& array, int64_t row) {
    if constexpr (std::is_same_v<Array, arrow::HalfFloatArray>) {
      return arrow::util::Float16::FromBits(array.Value(row)).ToFloat();
    } else {
      return array.Value(row);
    }
  }
};

template <typename Array, bool kIsText>
class TextWriter : public ValueWriter {
 public:
  Status write(int64_t row, TextBuffer& out) override {
    const std::string_view text = this->template array<Array>().GetView(row);
    if constexpr (kIsText) {
      const size_t bad = find_invalid_utf8(text);
      if (bad != std::string_view::npos) {
        return make_error(
            ErrorKind::kSchemaMismatch, {},
            fmt::format("byte {:#04x} is not UTF-8", static_cast<uint8_t>(text[bad])));
      }
    }
    put_text(text, out);
    return Status::OK();
  }
};

class FixedBytesWriter : public ValueWriter {
 public:
  Status write(int64_t row, TextBuffer& out) override {
    out.put(array<arrow::FixedSizeBinaryArray>().GetView(row));
    return Status::OK();
  }
};

// Little-endian in two's complement, as big-endian in the fewest bytes.
void put_decimal(const uint8_t* bytes, int64_t size, TextBuffer& out) {
  const uint8_t sign = (bytes[size - 1] & 0x80) ? 0xFF : 0;
  while (size > 1 && bytes[size - 1] == sign &&
         (bytes[size - 2] & 0x80) == (sign & 0x80)) {
    --size;
  }
  put_long(size, out);
  char* to = out.room(static_cast<size_t>(size));
  std::reverse_copy(bytes, bytes + size, to);
  out.advance_to(to + size);
}

template <typename Array>
class DecimalWriter : public ValueWriter {
 public:
  Status write(int64_t row, TextBuffer& out) override {
    const Array& decimals = this->template array<Array>();
    put_decimal(decimals.GetValue(row), decimals.byte_width(), out);
    return Status::OK();
  }
};

class Uint64Writer : public ValueWriter {
 public:
  Status write(int64_t row, TextBuffer& out) override {
    std::array<uint8_t, sizeof(uint64_t) + 1> bytes{};
    const uint64_t value = array<arrow::UInt64Array>().Value(row);
    std::memcpy(bytes.data(), &value, sizeof(value));
    put_decimal(bytes.data(), std::ssize(bytes), out);
    return Status::OK();
  }
};

template <typename Writer, typename... Args>
std::unique_ptr<ValueWriter> make(Args... args) {
  return std::make_unique<Writer>(args...);
}

std::unique_ptr<ValueWriter> make_number_writer(arrow::Type::type type) {
  switch (type) {
    case arrow::Type::INT8:
      return make<IntegerWriter<arrow::Int8Array>>();
    case arrow::Type::INT16:
      return make<IntegerWriter<arrow::Int16Array>>();
    case arrow::Type::INT32:
      return make<IntegerWriter<arrow::Int32Array>>();
    case arrow::Type::INT64:
      return make<IntegerWriter<arrow::Int64Array>>();
    case arrow::Type::UINT8:
      return make<IntegerWriter<arrow::UInt8Array>>();
    case arrow::Type::UINT16:
      return make<IntegerWriter<arrow::UInt16Array>>();
    case arrow::Type::UINT32:
      return make<IntegerWriter<arrow::UInt32Array>>();
    case arrow::Type::UINT64:
      return make<Uint64Writer>();
    case arrow::Type::HALF_FLOAT:
      return make<FloatWriter<arrow::HalfFloatArray, float>>();
    case arrow::Type::FLOAT:
      return make<FloatWriter<arrow::FloatArray, float>>();
    case arrow::Type::DOUBLE:
      return make<FloatWriter<arrow::DoubleArray, double>>();
    case arrow::Type::DECIMAL32:
      return make<DecimalWriter<arrow::Decimal32Array>>();
    case arrow::Type::DECIMAL64:
      return make<DecimalWriter<arrow::Decimal64Array>>();
    case arrow::Type::DECIMAL128:
      return make<DecimalWriter<arrow::Decimal128Array>>();
    case arrow::Type::DECIMAL256:
      return make<DecimalWriter<arrow::Decimal256Array>>();
    default:
      return nullptr;
  }
}

std::unique_ptr<ValueWriter> make_time_writer(const arrow::DataType& type) {
  constexpr int64_t kDay = int64_t{24} * 60 * 60 * 1000;  // in milliseconds
  const auto is_in = [&](auto unit) {
    return static_cast<const arrow::TimeType&>(type).unit() == unit;
  };
  switch (type.id()) {
    case arrow::Type::DATE32:
      return make<IntegerWriter<arrow::Date32Array>>();
    case arrow::Type::DATE64:
      return make<ScaledWriter<arrow::Date64Array>>(1, kDay);
    case arrow::Type::TIME32:
      if (is_in(arrow::TimeUnit::SECOND)) {
        return make<TimeWriter<arrow::Time32Array>>(kDay / 1000, 1000, 1);
      }
      return make<TimeWriter<arrow::Time32Array>>(kDay, 1, 1);
    case arrow::Type::TIME64:
      if (is_in(arrow::TimeUnit::NANO)) {
        return make<TimeWriter<arrow::Time64Array>>(kDay * 1'000'000, 1, 1000);
      }
      return make<TimeWriter<arrow::Time64Array>>(kDay * 1000, 1, 1);
    case arrow::Type::TIMESTAMP:
      if (static_cast<const arrow::TimestampType&>(type).unit() ==
          arrow::TimeUnit::SECOND) {
        return make<ScaledWriter<arrow::TimestampArray>>(1000, 1);
      }
      return make<IntegerWriter<arrow::TimestampArray>>();
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<ValueWriter> make_scalar_writer(const arrow::DataType& type) {
  if (auto writer = make_number_writer(type.id())) return writer;
  if (auto writer = make_time_writer(type)) return writer;
  switch (type.id()) {
    case arrow::Type::NA:
      return make<NullWriter>();
    case arrow::Type::BOOL:
      return make<BooleanWriter>();
    case arrow::Type::STRING:
      return make<TextWriter<arrow::StringArray, true>>();
    case arrow::Type::LARGE_STRING:
      return make<TextWriter<arrow::LargeStringArray, true>>();
    case arrow::Type::STRING_VIEW:
      return make<TextWriter<arrow::StringViewArray, true>>();
    case arrow::Type::BINARY:
      return make<TextWriter<arrow::BinaryArray, false>>();
    case arrow::Type::LARGE_BINARY:
      return make<TextWriter<arrow::LargeBinaryArray, false>>();
    case arrow::Type::BINARY_VIEW:
      return make<TextWriter<arrow::BinaryViewArray, false>>();
    case arrow::Type::FIXED_SIZE_BINARY:
      return make<FixedBytesWriter>();
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::avro
