#include "velo/formats/parquet/format.h"

#include <utility>

#include "velo/formats/parquet/decoder.h"
#include "velo/formats/parquet/encoder.h"

namespace velo::formats {
namespace {

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues&,
                                              DecodeOptions options) {
  return make_parquet_decoder(std::move(input), std::move(options));
}

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  ParquetWriteOptions options;
  const std::string codec = values.text("compression");
  if (codec != "auto") options.codec = codec;
  options.row_group_rows = *values.integer("row_group_rows");
  return make_parquet_encoder(std::move(output), schema, options);
}

}  // namespace

const Format& parquet_format() {
  static const Format format = {
      .name = "parquet",
      .extensions = {"parquet", "pq"},
      .has_types = true,
      .needs_random_access = true,
      .compresses_inside = true,
      .options = {{.name = "row_group_rows",
                   .type = OptionType::kInt,
                   .unit = "rows",
                   .default_value = "122880",
                   .doc = "Parquet: most rows in one row group.",
                   .use = OptionUse::kSink}},
      .make_decoder = make_decoder,
      .make_encoder = make_encoder,
  };
  return format;
}

}  // namespace velo::formats
