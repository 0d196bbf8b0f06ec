#include "velo/formats/csv/format.h"

#include <algorithm>
#include <utility>

#include "velo/formats/csv/decoder.h"
#include "velo/formats/csv/encoder.h"
#include "velo/formats/record_limit.h"

namespace velo::formats {
namespace {

Result<CsvDialect> dialect_of(const OptionValues& values) {
  CsvDialect dialect;
  ARROW_ASSIGN_OR_RAISE(dialect.max_record_bytes, max_record_bytes_of(values));
  dialect.block_bytes = std::min(dialect.block_bytes, dialect.max_record_bytes);
  dialect.header = values.boolean("header");
  const std::string delimiter = values.text("delimiter");
  if (delimiter == "\\t" || delimiter == "tab") {
    dialect.delimiter = '\t';
  } else if (delimiter.size() == 1 && delimiter[0] != '"' && delimiter[0] != '\n' &&
             delimiter[0] != '\r') {
    dialect.delimiter = delimiter[0];
  } else {
    return make_error(ErrorKind::kInvalidArgument, {},
                      "delimiter='" + delimiter +
                          "' is not one character; write delimiter=; or delimiter=tab");
  }
  return dialect;
}

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues& values,
                                              DecodeOptions options) {
  ARROW_ASSIGN_OR_RAISE(const CsvDialect dialect, dialect_of(values));
  return make_csv_decoder(std::move(input), dialect, std::move(options));
}

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  ARROW_ASSIGN_OR_RAISE(const CsvDialect dialect, dialect_of(values));
  return make_csv_encoder(std::move(output), schema, dialect);
}

}  // namespace

const Format& csv_format() {
  static const Format format = {
      .name = "csv",
      .extensions = {"csv", "tsv"},
      .options = {{.name = "header",
                   .type = OptionType::kBool,
                   .default_value = "true",
                   .doc = "CSV: the first line names the columns."},
                  {.name = "delimiter",
                   .default_value = ",",
                   .doc = "CSV: the character between two values, or `tab`."},
                  max_record_bytes_option()},
      .make_decoder = make_decoder,
      .make_encoder = make_encoder,
  };
  return format;
}

}  // namespace velo::formats
