#include "velo/formats/csv/converter.h"

#include <algorithm>

#include "velo/formats/csv/converters.h"
#include "velo/formats/csv/fixed_width_converter.h"

namespace velo::formats {

bool CsvNotation::empty_is_null() const {
  return std::ranges::find(null_values, "") != null_values.end();
}

NullValues::NullValues(const CsvNotation& notation, bool of_text)
    : empty_is_null_(!of_text || notation.empty_is_null()), texts_(notation.null_values) {
  std::erase(texts_, "");
}

bool NullValues::is_listed(std::string_view text) const {
  return std::ranges::find(texts_, text) != texts_.end();
}

Result<std::unique_ptr<ColumnConverter>> make_csv_converter(
    const std::shared_ptr<arrow::DataType>& type, const CsvNotation& notation,
    bool keeps_digits) {
  if (auto text = make_text_converter(type, notation)) return text;
  if (auto number = make_number_converter(type, notation, keeps_digits)) return number;
  if (auto decimal = make_decimal_converter(type, notation, keeps_digits)) return decimal;
  if (auto word = make_word_converter(type, notation)) return word;
  ARROW_ASSIGN_OR_RAISE(auto time, make_time_converter(type, notation));
  if (time) return time;
  return make_error(ErrorKind::kSchemaMismatch, {}, "CSV has no such values");
}

}  // namespace velo::formats
