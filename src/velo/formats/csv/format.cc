#include "velo/formats/csv/format.h"

#include <utility>

#include "velo/formats/csv/decoder.h"
#include "velo/formats/csv/encoder.h"
#include "velo/formats/csv/options.h"
#include "velo/formats/csv/record_finder.h"

namespace velo::formats {
namespace {

template <char kDelimiter>
Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues& values,
                                              DecodeOptions options) {
  ARROW_ASSIGN_OR_RAISE(const CsvDialect dialect, csv_dialect_of(values, kDelimiter));
  return make_csv_decoder(std::move(input), dialect, std::move(options));
}

template <char kDelimiter>
Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  ARROW_ASSIGN_OR_RAISE(const CsvDialect dialect, csv_dialect_of(values, kDelimiter));
  return make_csv_encoder(std::move(output), schema, dialect);
}

template <char kDelimiter>
Result<std::unique_ptr<RecordFinder>> make_record_finder(
    arrow::io::RandomAccessFile& file, const OptionValues& values) {
  ARROW_ASSIGN_OR_RAISE(const CsvDialect dialect, csv_dialect_of(values, kDelimiter));
  return make_csv_record_finder(file, dialect);
}

template <char kDelimiter>
Format make_format(std::string_view extension) {
  return {
      .name = "csv",
      .extensions = {extension},
      .options = csv_options(),
      .make_decoder = make_decoder<kDelimiter>,
      .make_record_finder = make_record_finder<kDelimiter>,
      .make_encoder = make_encoder<kDelimiter>,
  };
}

}  // namespace

const Format& csv_format() {
  static const Format format = make_format<','>("csv");
  return format;
}

const Format& tsv_format() {
  static const Format format = make_format<'\t'>("tsv");
  return format;
}

}  // namespace velo::formats
