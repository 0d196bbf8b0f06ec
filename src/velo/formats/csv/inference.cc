#include "velo/formats/csv/inference.h"

#include <arrow/csv/converter.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "velo/formats/csv/decimal_converter.h"

namespace velo::formats {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Looks {
  bool has_values = false;
  bool loses_as_integer = false;
  bool loses_as_double = false;
};

Result<Looks> look_at(const arrow::csv::BlockParser& sample, int column) {
  Looks looks;
  ARROW_RETURN_NOT_OK(sample.VisitColumn(
      column, [&](const uint8_t* data, uint32_t size, bool quoted, bool) {
        const std::string_view text(reinterpret_cast<const char*>(data), size);
        looks.has_values |= quoted || !text.empty();
        looks.loses_as_integer |= would_lose_as_number(text, *arrow::int64());
        looks.loses_as_double |= would_lose_as_number(text, *arrow::float64());
        return Status::OK();
      }));
  return looks;
}

const std::vector<std::shared_ptr<arrow::DataType>>& candidates() {
  static const std::vector<std::shared_ptr<arrow::DataType>> types = {
      arrow::int64(),
      arrow::decimal128(38, 0),
      arrow::float64(),
      arrow::boolean(),
      arrow::date32(),
      arrow::timestamp(arrow::TimeUnit::MICRO),
      arrow::timestamp(arrow::TimeUnit::NANO),
      arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
      arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
  };
  return types;
}

bool is_number(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id());
}

}  // namespace

bool would_lose_as_number(std::string_view text, const arrow::DataType& type) {
  // Most digits that every double keeps, and most that the text of a double has.
  constexpr auto kMostWholeDigits = 15;
  constexpr auto kMostDigits = 17;
  if (!is_number(type) || text.empty()) return false;
  if (text.front() == '+') return true;
  if (text.front() == '-') text.remove_prefix(1);
  const bool begins_with_zero = text.size() > 1 && text[0] == '0';
  if (begins_with_zero && (is_digit(text[1]) || text[1] == 'x' || text[1] == 'X')) {
    return true;
  }
  if (!arrow::is_floating(type.id()) || text.size() <= kMostWholeDigits) return false;
  std::string_view digits = text.substr(0, text.find_first_of("eE"));
  const bool is_whole = std::ranges::all_of(text, is_digit);
  digits.remove_prefix(std::min(digits.find_first_not_of("0."), digits.size()));
  return std::ranges::count_if(digits, is_digit) >
         (is_whole ? kMostWholeDigits : kMostDigits);
}

Result<std::shared_ptr<arrow::DataType>> infer_csv_type(
    const arrow::csv::BlockParser& sample, int column,
    const arrow::csv::ConvertOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Looks looks, look_at(sample, column));
  if (!looks.has_values) return arrow::utf8();
  for (const auto& type : candidates()) {
    if (arrow::is_floating(type->id()) ? looks.loses_as_double
                                       : looks.loses_as_integer && is_number(*type)) {
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto converter, make_csv_converter(type, options));
    if (converter->Convert(sample, column).ok()) return type;
  }
  return arrow::utf8();
}

}  // namespace velo::formats
