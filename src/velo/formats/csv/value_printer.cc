#include "velo/formats/csv/value_printer.h"

#include <arrow/compute/cast.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <type_traits>
#include <utility>

#include "velo/columnar/text_values.h"

namespace velo::formats {
namespace {

constexpr size_t kMostNumberBytes = 64;
// At the front of a file it would be taken for what it is not, so it is quoted.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool needs_quotes(std::string_view text, char delimiter) {
  if (text.starts_with(kByteOrderMark)) return true;
  return std::ranges::any_of(
      text, [&](char c) { return c == delimiter || c == '"' || c == '\n' || c == '\r'; });
}

class BoolPrinter : public ValuePrinter {
  Status print_valid(int64_t row, TextBuffer& out) override {
    out.put(array<arrow::BooleanArray>().Value(row) ? std::string_view("true") : "false");
    return Status::OK();
  }
};

template <typename Array>
class NumberPrinter : public ValuePrinter {
  Status print_valid(int64_t row, TextBuffer& out) override {
    char* to = out.room(kMostNumberBytes);
    out.advance_to(
        std::to_chars(to, to + kMostNumberBytes, array<Array>().Value(row)).ptr);
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

// Scales of zero and more.
template <typename Array, typename Decimal>
class DecimalPrinter : public ValuePrinter {
 public:
  explicit DecimalPrinter(size_t scale) : scale_(scale) {}

 private:
  Status print_valid(int64_t row, TextBuffer& out) override {
    const Decimal value(array<Array>().GetValue(row));
    if constexpr (std::is_same_v<Decimal, arrow::Decimal128>) {
      const auto low = static_cast<int64_t>(value.low_bits());
      if (value.high_bits() == low >> 63) {  // fits 64 bits, as most do
        char digits[std::numeric_limits<int64_t>::digits10 + 2];
        const char* end = std::to_chars(digits, digits + sizeof(digits), low).ptr;
        put({digits, static_cast<size_t>(end - digits)}, out);
        return Status::OK();
      }
    }
    put(value.ToIntegerString(), out);
    return Status::OK();
  }

  void put(std::string_view digits, TextBuffer& out) const {
    char* to = out.room(kMostNumberBytes + digits.size() + scale_);
    if (digits.starts_with('-')) {
      *to++ = '-';
      digits.remove_prefix(1);
    }
    out.advance_to(put_with_point(digits, scale_, to));
  }

  const size_t scale_;
};

// Append what `print(to)` writes; it returns nullptr for a value out of range.
template <typename Print>
Status put_printed(int64_t value, TextBuffer& out, Print print) {
  char* end = print(out.room(columnar::kMostTimestampBytes));
  if (end == nullptr) {
    return make_error(ErrorKind::kSchemaMismatch, {},
                      fmt::format("the value {} is out of ISO 8601's range", value));
  }
  out.advance_to(end);
  return Status::OK();
}

class DatePrinter : public ValuePrinter {
  Status print_valid(int64_t row, TextBuffer& out) override {
    const int32_t days = array<arrow::Date32Array>().Value(row);
    return put_printed(days, out,
                       [&](char* to) { return columnar::print_date(days, to); });
  }
};

template <typename Array>
class TimePrinter : public ValuePrinter {
 public:
  explicit TimePrinter(const arrow::DataType& type)
      : unit_(static_cast<const arrow::TimeType&>(type).unit()) {}

 private:
  Status print_valid(int64_t row, TextBuffer& out) override {
    const int64_t value = array<Array>().Value(row);
    return put_printed(value, out,
                       [&](char* to) { return columnar::print_time(value, unit_, to); });
  }

  const arrow::TimeUnit::type unit_;
};

class TimestampPrinter : public ValuePrinter {
 public:
  explicit TimestampPrinter(const arrow::DataType& type)
      : unit_(static_cast<const arrow::TimestampType&>(type).unit()),
        zoned_(!static_cast<const arrow::TimestampType&>(type).timezone().empty()) {}

 private:
  Status print_valid(int64_t row, TextBuffer& out) override {
    constexpr ptrdiff_t kDateBytes = 10;
    const int64_t value = array<arrow::TimestampArray>().Value(row);
    return put_printed(value, out, [&](char* to) {
      char* end = columnar::print_timestamp(value, unit_, zoned_, to);
      if (end != nullptr) to[kDateBytes] = ' ';
      return end;
    });
  }

  const arrow::TimeUnit::type unit_;
  const bool zoned_;
};

class TextPrinter : public ValuePrinter {
 public:
  explicit TextPrinter(char delimiter) : delimiter_(delimiter) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    const auto& text = static_cast<const arrow::StringArray&>(*array);
    is_plain_ = true;
    if (text.length() > 0 && text.value_data() != nullptr) {
      const auto begin = static_cast<size_t>(text.value_offset(0));
      const auto end = static_cast<size_t>(text.value_offset(text.length()));
      const auto all = std::string_view(*text.value_data()).substr(begin, end - begin);
      // One look at all values together spares looking at each.
      is_plain_ = all.find(kByteOrderMark) == std::string_view::npos;
      for (const char c : {delimiter_, '"', '\n', '\r'}) {
        is_plain_ = is_plain_ && all.find(c) == std::string_view::npos;
      }
    }
    return ValuePrinter::bind(array);
  }

 private:
  Status print_valid(int64_t row, TextBuffer& out) override {
    const std::string_view text = array<arrow::StringArray>().GetView(row);
    if (is_plain_ && !text.empty()) {
      out.put(text);
    } else {
      print_text(text, delimiter_, out);
    }
    return Status::OK();
  }

  const char delimiter_;
  bool is_plain_ = false;
};

// Prints what Arrow's cast to another type makes of the values.
class CastPrinter : public ValuePrinter {
 public:
  CastPrinter(std::shared_ptr<arrow::DataType> type,
              std::unique_ptr<ValuePrinter> printer)
      : type_(std::move(type)), printer_(std::move(printer)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_ASSIGN_OR_RAISE(auto cast, arrow::compute::Cast(*array, type_));
    ARROW_RETURN_NOT_OK(printer_->bind(cast));
    return ValuePrinter::bind(cast);
  }

 private:
  Status print_valid(int64_t row, TextBuffer& out) override {
    return printer_->print(row, out);
  }

  const std::shared_ptr<arrow::DataType> type_;
  const std::unique_ptr<ValuePrinter> printer_;
};

std::unique_ptr<ValuePrinter> make_cast_printer(char delimiter) {
  return std::make_unique<CastPrinter>(arrow::utf8(),
                                       std::make_unique<TextPrinter>(delimiter));
}

std::unique_ptr<ValuePrinter> make_decimal_printer(const arrow::DataType& type,
                                                   char delimiter) {
  const int32_t scale = static_cast<const arrow::DecimalType&>(type).scale();
  if (scale < 0) return make_cast_printer(delimiter);
  const auto num_digits = static_cast<size_t>(scale);
  switch (type.id()) {
    case arrow::Type::DECIMAL32:
      return std::make_unique<DecimalPrinter<arrow::Decimal32Array, arrow::Decimal32>>(
          num_digits);
    case arrow::Type::DECIMAL64:
      return std::make_unique<DecimalPrinter<arrow::Decimal64Array, arrow::Decimal64>>(
          num_digits);
    case arrow::Type::DECIMAL128:
      return std::make_unique<DecimalPrinter<arrow::Decimal128Array, arrow::Decimal128>>(
          num_digits);
    default:
      return std::make_unique<DecimalPrinter<arrow::Decimal256Array, arrow::Decimal256>>(
          num_digits);
  }
}

std::unique_ptr<ValuePrinter> make_flat_printer(const arrow::DataType& type,
                                                char delimiter) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return std::make_unique<BoolPrinter>();
    case arrow::Type::INT8:
      return std::make_unique<NumberPrinter<arrow::Int8Array>>();
    case arrow::Type::INT16:
      return std::make_unique<NumberPrinter<arrow::Int16Array>>();
    case arrow::Type::INT32:
      return std::make_unique<NumberPrinter<arrow::Int32Array>>();
    case arrow::Type::INT64:
      return std::make_unique<NumberPrinter<arrow::Int64Array>>();
    case arrow::Type::UINT8:
      return std::make_unique<NumberPrinter<arrow::UInt8Array>>();
    case arrow::Type::UINT16:
      return std::make_unique<NumberPrinter<arrow::UInt16Array>>();
    case arrow::Type::UINT32:
      return std::make_unique<NumberPrinter<arrow::UInt32Array>>();
    case arrow::Type::UINT64:
      return std::make_unique<NumberPrinter<arrow::UInt64Array>>();
    case arrow::Type::FLOAT:
      return std::make_unique<NumberPrinter<arrow::FloatArray>>();
    case arrow::Type::DOUBLE:
      return std::make_unique<NumberPrinter<arrow::DoubleArray>>();
    case arrow::Type::DATE32:
      return std::make_unique<DatePrinter>();
    case arrow::Type::TIME32:
      return std::make_unique<TimePrinter<arrow::Time32Array>>(type);
    case arrow::Type::TIME64:
      return std::make_unique<TimePrinter<arrow::Time64Array>>(type);
    case arrow::Type::TIMESTAMP:
      return std::make_unique<TimestampPrinter>(type);
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return make_decimal_printer(type, delimiter);
    case arrow::Type::STRING:
      return std::make_unique<TextPrinter>(delimiter);
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::DATE64:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::NA:
      return make_cast_printer(delimiter);
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<ValuePrinter> make_value_printer(const arrow::DataType& type,
                                                 char delimiter) {
  if (type.id() != arrow::Type::DICTIONARY) return make_flat_printer(type, delimiter);
  const auto& values = static_cast<const arrow::DictionaryType&>(type).value_type();
  auto printer = make_value_printer(*values, delimiter);
  if (!printer) return nullptr;
  return std::make_unique<CastPrinter>(values, std::move(printer));
}

void print_text(std::string_view text, char delimiter, TextBuffer& out) {
  if (!text.empty() && !needs_quotes(text, delimiter)) {
    out.put(text);
    return;
  }
  char* to = out.room(2 * text.size() + 2);
  *to++ = '"';
  for (const char c : text) {
    if (c == '"') *to++ = '"';
    *to++ = c;
  }
  *to++ = '"';
  out.advance_to(to);
}

}  // namespace velo::formats
