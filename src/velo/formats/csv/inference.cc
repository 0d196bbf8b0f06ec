#include "velo/formats/csv/inference.h"

#include <arrow/csv/converter.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include "velo/formats/csv/decimal_converter.h"
#include "velo/formats/number_digits.h"

namespace velo::formats {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct Looks {
  bool has_values = false;
  bool loses_as_integer = false;
  bool loses_as_double = false;
  bool has_fraction = false;  // or an exponent
  DecimalFit decimals;
};

Result<Looks> look_at(const arrow::csv::BlockParser& sample, int column) {
  Looks looks;
  ARROW_RETURN_NOT_OK(sample.VisitColumn(
      column, [&](const uint8_t* data, uint32_t size, bool quoted, bool) {
        const std::string_view text(reinterpret_cast<const char*>(data), size);
        looks.has_values |= quoted || !text.empty();
        looks.loses_as_integer |= would_lose_as_number(text, *arrow::int64());
        looks.loses_as_double |= would_lose_as_number(text, *arrow::float64());
        looks.has_fraction |= text.find_first_of(".eE") != std::string_view::npos;
        looks.decimals.add(text);
        return Status::OK();
      }));
  return looks;
}

// What the column may be, by its looks; the first type that reads every value is it.
std::vector<std::shared_ptr<arrow::DataType>> candidates(const Looks& looks) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  if (!looks.loses_as_integer) {
    types.push_back(arrow::int64());
    if (!looks.has_fraction) types.push_back(arrow::decimal128(38, 0));
    const auto decimal = looks.decimals.type();
    if (looks.loses_as_double && decimal) types.push_back(decimal);
  }
  if (!looks.loses_as_double) types.push_back(arrow::float64());
  types.insert(types.end(), {arrow::boolean(), arrow::date32(),
                             arrow::timestamp(arrow::TimeUnit::MICRO),
                             arrow::timestamp(arrow::TimeUnit::NANO),
                             arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                             arrow::timestamp(arrow::TimeUnit::NANO, "UTC")});
  return types;
}

bool is_number(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id());
}

}  // namespace

bool would_lose_as_number(std::string_view text, const arrow::DataType& type) {
  constexpr size_t kAlwaysKept = std::numeric_limits<double>::digits10;
  if (!is_number(type)) return false;
  // Arrow's converters step over blanks.
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (text.empty()) return false;
  if (text.front() == '+') return true;
  const std::string_view digits = text.substr(text.front() == '-');
  const bool begins_with_zero = digits.size() > 1 && digits[0] == '0';
  if (begins_with_zero && (is_digit(digits[1]) || digits[1] == 'x' || digits[1] == 'X')) {
    return true;
  }
  if (!arrow::is_floating(type.id())) return false;
  const bool is_short =
      text.size() <= kAlwaysKept &&
      std::ranges::none_of(text, [](char c) { return c == 'e' || c == 'E'; });
  return !is_short && !double_keeps(text);
}

Result<std::shared_ptr<arrow::DataType>> infer_csv_type(
    const arrow::csv::BlockParser& sample, int column,
    const arrow::csv::ConvertOptions& options,
    const std::shared_ptr<arrow::DataType>& type_of_nothing) {
  ARROW_ASSIGN_OR_RAISE(const Looks looks, look_at(sample, column));
  if (!looks.has_values) return type_of_nothing;
  for (const auto& type : candidates(looks)) {
    ARROW_ASSIGN_OR_RAISE(auto converter, make_csv_converter(type, options));
    if (converter->Convert(sample, column).ok()) return type;
  }
  return arrow::utf8();
}

}  // namespace velo::formats
