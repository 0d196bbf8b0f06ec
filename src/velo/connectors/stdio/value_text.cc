#include "velo/connectors/stdio/value_text.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/scalar.h>
#include <arrow/type_traits.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>
#include <arrow/visit_array_inline.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "velo/connectors/stdio/calendar.h"
#include "velo/error.h"

namespace velo::stdio {
namespace {

/// What stands around a value: alone in its cell, or inside JSON.
enum class Place { kCell, kJson };

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string plain_decimal(std::string digits, int32_t scale) {
  if (scale <= 0) {
    if (digits != "0") digits.append(static_cast<size_t>(-scale), '0');
    return digits;
  }
  const bool is_negative = digits.starts_with('-');
  const auto places = static_cast<size_t>(scale);
  std::string number = digits.substr(is_negative ? 1 : 0);
  if (number.size() <= places) number.insert(0, places + 1 - number.size(), '0');
  number.insert(number.size() - places, 1, '.');
  return is_negative ? "-" + number : number;
}

template <typename Float>
std::string float_text(Float value) {
  std::string text = fmt::format("{}", value);
  // A double stays recognisable as one.
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

class ValueWriter {
 public:
  explicit ValueWriter(size_t max_bytes) : max_bytes_(max_bytes) {}

  void write(const arrow::Array& array, int64_t row, Place place) {
    if (is_full()) return;
    if (array.IsNull(row)) {
      out_ += place == Place::kCell ? "NULL" : "null";
      return;
    }
    Visitor visitor{*this, row, place};
    if (!arrow::VisitArrayInline(array, &visitor).ok()) write_scalar(array, row, place);
  }

  std::string take() { return std::move(out_); }

 private:
  /// Writes the value at `row`, which is not NULL.
  struct Visitor {
    ValueWriter& writer;
    int64_t row;
    Place place;

    Status Visit(const arrow::NullArray&) { return literal("NULL"); }
    Status Visit(const arrow::BooleanArray& array) {
      return literal(array.Value(row) ? "true" : "false");
    }
    template <typename Type>
    Status Visit(const arrow::NumericArray<Type>& array) requires
        arrow::is_integer_type<Type>::value {
      return literal(fmt::format("{}", array.Value(row)));
    }
    Status Visit(const arrow::HalfFloatArray& array) {
      return literal(
          float_text(arrow::util::Float16::FromBits(array.Value(row)).ToFloat()));
    }
    Status Visit(const arrow::FloatArray& array) {
      return literal(float_text(array.Value(row)));
    }
    Status Visit(const arrow::DoubleArray& array) {
      return literal(float_text(array.Value(row)));
    }
    Status Visit(const arrow::Decimal32Array& array) {
      return decimal<arrow::Decimal32>(array);
    }
    Status Visit(const arrow::Decimal64Array& array) {
      return decimal<arrow::Decimal64>(array);
    }
    Status Visit(const arrow::Decimal128Array& array) {
      return decimal<arrow::Decimal128>(array);
    }
    Status Visit(const arrow::Decimal256Array& array) {
      return decimal<arrow::Decimal256>(array);
    }
    Status Visit(const arrow::Date32Array& array) {
      return text(date_text(array.Value(row)));
    }
    Status Visit(const arrow::Date64Array& array) {
      return text(timestamp_text(array.Value(row), arrow::TimeUnit::MILLI));
    }
    template <typename Type>
    Status Visit(const arrow::NumericArray<Type>& array) requires
        arrow::is_time_type<Type>::value {
      const auto& type = static_cast<const Type&>(*array.type());
      return text(time_text(array.Value(row), type.unit()));
    }
    Status Visit(const arrow::TimestampArray& array) {
      const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
      return text(timestamp_text(array.Value(row), type.unit()) +
                  (type.timezone().empty() ? "" : "Z"));
    }
    Status Visit(const arrow::DurationArray& array) {
      const auto& type = static_cast<const arrow::DurationType&>(*array.type());
      return text(fmt::format("{} {}", array.Value(row), unit_name(type.unit())));
    }
    template <typename Array>
    Status Visit(const Array& array) requires
        arrow::is_string_like_type<typename Array::TypeClass>::value
        || std::is_same_v<Array, arrow::StringViewArray> {
      return text(array.GetView(row));
    }
    template <typename Array>
        Status Visit(const Array& array) requires(
            arrow::is_binary_like_type<typename Array::TypeClass>::value &&
            !arrow::is_string_like_type<typename Array::TypeClass>::value) ||
        std::is_same_v<Array, arrow::BinaryViewArray> ||
        std::is_same_v<Array, arrow::FixedSizeBinaryArray> {
      return binary(array.GetView(row));
    }
    template <typename Array>
        Status Visit(const Array& array) requires(
            arrow::is_list_like_type<typename Array::TypeClass>::value ||
            arrow::is_list_view_type<typename Array::TypeClass>::value) &&
        (!std::is_same_v<Array, arrow::MapArray>) {
      writer.write_list(*array.values(), array.value_offset(row),
                        array.value_length(row));
      return Status::OK();
    }
    Status Visit(const arrow::MapArray& array) {
      writer.write_map(array, row);
      return Status::OK();
    }
    Status Visit(const arrow::StructArray& array) {
      writer.write_struct(array, row);
      return Status::OK();
    }
    Status Visit(const arrow::DictionaryArray& array) {
      writer.write(*array.dictionary(), array.GetValueIndex(row), place);
      return Status::OK();
    }
    Status Visit(const arrow::ExtensionArray& array) {
      writer.write(*array.storage(), row, place);
      return Status::OK();
    }
    // Intervals, unions, run ends: Arrow's own text.
    Status Visit(const arrow::Array& array) {
      writer.write_scalar(array, row, place);
      return Status::OK();
    }

    template <typename Decimal, typename Array>
    Status decimal(const Array& array) {
      const auto& type = static_cast<const arrow::DecimalType&>(*array.type());
      return literal(
          plain_decimal(Decimal(array.GetValue(row)).ToIntegerString(), type.scale()));
    }
    Status binary(std::string_view bytes) {
      bytes = bytes.substr(0, writer.max_bytes_);
      std::string hex = "\\x";
      for (const char c : bytes) {
        hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
      }
      return text(hex);
    }
    /// A text in JSON's sense: quoted there.
    Status text(std::string_view value) {
      value = value.substr(0, writer.max_bytes_ + 1);
      return literal(place == Place::kCell ? std::string(value) : quoted(value));
    }
    Status literal(std::string_view value) {
      writer.out_ += value;
      return Status::OK();
    }
  };

  bool is_full() const { return out_.size() > max_bytes_; }

  void write_scalar(const arrow::Array& array, int64_t row, Place place) {
    const auto scalar = array.GetScalar(row);
    const std::string text = scalar.ok() ? (*scalar)->ToString() : "?";
    out_ += place == Place::kCell ? text : quoted(text);
  }

  void write_list(const arrow::Array& values, int64_t first, int64_t length) {
    out_ += '[';
    for (int64_t i = 0; i < length && !is_full(); ++i) {
      if (i > 0) out_ += ", ";
      write(values, first + i, Place::kJson);
    }
    out_ += ']';
  }

  void write_struct(const arrow::StructArray& array, int64_t row) {
    out_ += '{';
    for (int i = 0; i < array.num_fields() && !is_full(); ++i) {
      if (i > 0) out_ += ", ";
      out_ += quoted(array.type()->field(i)->name()) + ": ";
      write(*array.field(i), row, Place::kJson);
    }
    out_ += '}';
  }

  void write_map(const arrow::MapArray& array, int64_t row) {
    out_ += '{';
    const int64_t first = array.value_offset(row);
    for (int64_t i = 0; i < array.value_length(row) && !is_full(); ++i) {
      if (i > 0) out_ += ", ";
      write_key(*array.keys(), first + i);
      out_ += ": ";
      write(*array.items(), first + i, Place::kJson);
    }
    out_ += '}';
  }

  // JSON's keys are texts.
  void write_key(const arrow::Array& keys, int64_t row) {
    ValueWriter key(max_bytes_);
    key.write(keys, row, Place::kCell);
    out_ += quoted(key.take());
  }

  const size_t max_bytes_;
  std::string out_;
};

}  // namespace

std::string value_text(const arrow::Array& column, int64_t row, size_t max_bytes) {
  ValueWriter writer(max_bytes);
  writer.write(column, row, Place::kCell);
  return writer.take();
}

bool is_number(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id()) || type.id() == arrow::Type::DURATION;
}

}  // namespace velo::stdio
