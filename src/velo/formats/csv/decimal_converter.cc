#include "velo/formats/csv/decimal_converter.h"

#include <arrow/array/builder_decimal.h>
#include <arrow/csv/parser.h>
#include <arrow/util/decimal.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "velo/formats/csv/float_converter.h"

namespace velo::formats {
namespace {

constexpr size_t kMostDigits = 18;  // of any decimal that fits 64 bits

constexpr auto kPowersOfTen = [] {
  std::array<int64_t, kMostDigits + 1> powers{1};
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

class DecimalConverter : public arrow::csv::Converter {
 public:
  DecimalConverter(const std::shared_ptr<arrow::DataType>& type,
                   const arrow::csv::ConvertOptions& options,
                   std::shared_ptr<arrow::csv::Converter> general)
      : Converter(type, options, arrow::default_memory_pool()),
        precision_(precision_of(*type)),
        scale_(scale_of(*type)),
        general_(std::move(general)) {}

  static bool can_convert(const arrow::DataType& type) {
    return type.id() == arrow::Type::DECIMAL128 && precision_of(type) <= kMostDigits &&
           scale_of(type) <= kMostDigits;  // a negative scale is a large number here
  }

  Result<std::shared_ptr<arrow::Array>> Convert(const arrow::csv::BlockParser& parser,
                                                int32_t column) override {
    arrow::Decimal128Builder builder(type_, pool_);
    ARROW_RETURN_NOT_OK(builder.Reserve(parser.num_rows()));
    const Status visited = parser.VisitColumn(
        column, [&](const uint8_t* data, uint32_t size, bool quoted, bool) {
          int64_t value = 0;
          if (size == 0 && !quoted) {
            builder.UnsafeAppendNull();
          } else if (parse({reinterpret_cast<const char*>(data), size}, value)) {
            builder.UnsafeAppend(arrow::Decimal128(value));
          } else {
            return Status::Cancelled("not a plain decimal");
          }
          return Status::OK();
        });
    if (!visited.ok()) return general_->Convert(parser, column);
    return builder.Finish();
  }

 protected:
  Status Initialize() override { return Status::OK(); }

 private:
  static size_t precision_of(const arrow::DataType& type) {
    return static_cast<size_t>(static_cast<const arrow::DecimalType&>(type).precision());
  }
  static size_t scale_of(const arrow::DataType& type) {
    return static_cast<size_t>(static_cast<const arrow::DecimalType&>(type).scale());
  }

  // Reads `-12.34` and its like; false for anything else and for what the type cannot
  // hold.
  bool parse(std::string_view text, int64_t& value) const {
    const bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    if (text.size() > kMostDigits) return false;
    const size_t num_whole = take_digits(text, value);
    size_t num_fraction = 0;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      num_fraction = take_digits(text, value);
      if (num_fraction == 0) return false;
    }
    if (!text.empty() || num_whole == 0 || num_fraction > scale_) return false;
    const size_t num_zeros = scale_ - num_fraction;
    if (num_whole + num_fraction + num_zeros > kMostDigits) return false;
    value *= kPowersOfTen[num_zeros];
    if (value >= kPowersOfTen[precision_]) return false;
    if (is_negative) value = -value;
    return true;
  }

  const size_t precision_;
  const size_t scale_;
  const std::shared_ptr<arrow::csv::Converter> general_;
};

}  // namespace

Result<std::shared_ptr<arrow::csv::Converter>> make_csv_converter(
    const std::shared_ptr<arrow::DataType>& type,
    const arrow::csv::ConvertOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto general, arrow::csv::Converter::Make(type, options));
  if (type->id() == arrow::Type::FLOAT || type->id() == arrow::Type::DOUBLE) {
    return make_float_converter(options, std::move(general));
  }
  if (!DecimalConverter::can_convert(*type)) return general;
  return std::make_shared<DecimalConverter>(type, options, std::move(general));
}

}  // namespace velo::formats
