// Writers of floating point, and of nothing but null.

#include <arrow/util/float16.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "velo/formats/json/value_writer.h"

namespace velo::formats::json {
namespace {

constexpr size_t kMostNumberBytes = 64;

class NullWriter : public ValueWriter {
  Status write(int64_t, TextBuffer& out) override {
    out.put("null");
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
  Status write(int64_t row, TextBuffer& out) override {
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

}  // namespace

std::unique_ptr<ValueWriter> make_number_writer(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return std::make_unique<NullWriter>();
    case arrow::Type::HALF_FLOAT:
      return std::make_unique<FloatWriter<arrow::HalfFloatArray>>();
    case arrow::Type::FLOAT:
      return std::make_unique<FloatWriter<arrow::FloatArray>>();
    case arrow::Type::DOUBLE:
      return std::make_unique<FloatWriter<arrow::DoubleArray>>();
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::json
