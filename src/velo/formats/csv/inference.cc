#include "velo/formats/csv/inference.h"

#include <string>
#include <string_view>
#include <vector>

#include "velo/formats/csv/converter.h"
#include "velo/formats/csv/fixed_width_converter.h"
#include "velo/formats/csv/plain_number.h"
#include "velo/formats/number_digits.h"
#include "velo/formats/time_format.h"

namespace velo::formats {
namespace {

// What there is to know of the values before the types are tried.
struct Looks {
  bool has_values = false;
  bool has_fraction = false;  // or an exponent
  DecimalFit decimals;
};

Looks look_at(CsvColumn& sample, const CsvNotation& notation) {
  Looks looks;
  const NullValues nulls(notation, /*of_text=*/false);
  const PlainNumber number(notation);
  std::string plain;
  for (int64_t row = 0; row < sample.num_rows(); ++row) {
    const RawValue& value = sample.value(row);
    if (nulls.is_null(sample, value)) continue;
    looks.has_values = true;
    std::string_view text = without_blanks(sample.text(value));
    if (!number.is_plain()) {
      if (!number.make_plain(text, plain)) continue;
      text = plain;
    }
    looks.has_fraction |= text.find_first_of(".eE") != std::string_view::npos;
    looks.decimals.add(text);
  }
  return looks;
}

bool has_zone(const std::string& timestamp_format) {
  const auto format = TimeFormat::parse(timestamp_format);
  return format.ok() && format->has_zone();
}

// What the column may be, by its looks; the first type that reads every value is it.
std::vector<std::shared_ptr<arrow::DataType>> candidates(const Looks& looks,
                                                         const CsvNotation& notation) {
  std::vector<std::shared_ptr<arrow::DataType>> types = {arrow::int64()};
  if (!looks.has_fraction) types.push_back(arrow::decimal128(38, 0));
  types.push_back(arrow::float64());
  // Reached where a double would lose something.
  if (const auto decimal = looks.decimals.type()) types.push_back(decimal);
  types.insert(types.end(), {arrow::boolean(), arrow::date32()});
  const std::string& format = notation.timestamp_format;
  for (const char* zone : {"", "UTC"}) {
    if (!format.empty() && has_zone(format) != (*zone != 0)) continue;
    types.push_back(arrow::timestamp(arrow::TimeUnit::MICRO, zone));
    types.push_back(arrow::timestamp(arrow::TimeUnit::NANO, zone));
  }
  return types;
}

}  // namespace

Result<bool> fits_csv_type(const CsvColumn& column, const CsvNotation& notation,
                           const std::shared_ptr<arrow::DataType>& type) {
  constexpr int64_t kFirstFew = 16;  // tell most types from most others
  ARROW_ASSIGN_OR_RAISE(const auto converter,
                        make_csv_converter(type, notation, /*keeps_digits=*/true));
  std::vector<int64_t> misfits;
  ARROW_RETURN_NOT_OK(converter->convert(column.front(kFirstFew), misfits));
  if (misfits.empty() && column.num_rows() > kFirstFew) {
    ARROW_RETURN_NOT_OK(converter->convert(column, misfits));
  }
  return misfits.empty();
}

Result<std::shared_ptr<arrow::DataType>> infer_csv_type(
    CsvColumn sample, const CsvNotation& notation,
    const std::shared_ptr<arrow::DataType>& type_of_nothing) {
  const Looks looks = look_at(sample, notation);
  if (!looks.has_values) return type_of_nothing;
  for (const auto& type : candidates(looks, notation)) {
    ARROW_ASSIGN_OR_RAISE(const bool fits, fits_csv_type(sample, notation, type));
    if (fits) return type;
  }
  return arrow::utf8();
}

}  // namespace velo::formats
