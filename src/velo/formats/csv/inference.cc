#include "velo/formats/csv/inference.h"

#include <arrow/csv/converter.h>

#include <string_view>
#include <vector>

namespace velo::formats {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether reading the text as a number and printing it again would lose characters.
bool would_lose_as_number(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '+') return true;
  if (text.front() == '-') text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

struct Looks {
  bool has_values = false;
  bool loses_as_number = false;
};

Result<Looks> look_at(const arrow::csv::BlockParser& sample, int column) {
  Looks looks;
  ARROW_RETURN_NOT_OK(sample.VisitColumn(
      column, [&](const uint8_t* data, uint32_t size, bool quoted, bool) {
        const std::string_view text(reinterpret_cast<const char*>(data), size);
        looks.has_values |= quoted || !text.empty();
        looks.loses_as_number |= would_lose_as_number(text);
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

Result<std::shared_ptr<arrow::DataType>> infer_csv_type(
    const arrow::csv::BlockParser& sample, int column,
    const arrow::csv::ConvertOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Looks looks, look_at(sample, column));
  if (!looks.has_values) return arrow::utf8();
  for (const auto& type : candidates()) {
    if (looks.loses_as_number && is_number(*type)) continue;
    ARROW_ASSIGN_OR_RAISE(auto converter, arrow::csv::Converter::Make(type, options));
    if (converter->Convert(sample, column).ok()) return type;
  }
  return arrow::utf8();
}

}  // namespace velo::formats
