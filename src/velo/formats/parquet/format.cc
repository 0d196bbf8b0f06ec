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

ParquetWriteOptions::Dictionary dictionary_of(std::string_view name) {
  if (name == "on") return ParquetWriteOptions::Dictionary::kOn;
  if (name == "off") return ParquetWriteOptions::Dictionary::kOff;
  return ParquetWriteOptions::Dictionary::kAuto;
}

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  ParquetWriteOptions options;
  const std::string codec = values.text("compression");
  if (codec != "auto") options.codec = codec;
  options.level = values.integer("compression_level");
  options.version = values.text("parquet_version");
  options.row_group_rows = *values.integer("row_group_rows");
  options.row_group_bytes = *values.integer("row_group_bytes");
  options.page_bytes = *values.integer("page_bytes");
  options.dictionary = dictionary_of(values.text("dictionary"));
  options.statistics = values.boolean("statistics");
  options.page_index = values.boolean("page_index");
  options.bloom_filters = values.list("bloom_filters");
  return make_parquet_encoder(std::move(output), schema, options);
}

std::vector<OptionDescriptor> options() {
  return {
      {.name = "row_group_rows",
       .type = OptionType::kInt,
       .unit = "rows",
       .default_value = "122880",
       .doc = "Parquet: most rows in one row group.",
       .use = OptionUse::kSink},
      {.name = "row_group_bytes",
       .type = OptionType::kBytes,
       .unit = "bytes",
       .default_value = "64MiB",
       .doc = "Parquet: most bytes in one row group, before they are encoded.",
       .use = OptionUse::kSink},
      {.name = "page_bytes",
       .type = OptionType::kBytes,
       .unit = "bytes",
       .default_value = "1MiB",
       .doc = "Parquet: about so large is one page.",
       .use = OptionUse::kSink},
      {.name = "dictionary",
       .type = OptionType::kChoice,
       .default_value = "auto",
       .doc = "Parquet: dictionaries, by default for columns whose first values repeat.",
       .use = OptionUse::kSink,
       .choices = {"auto", "on", "off"}},
      {.name = "statistics",
       .type = OptionType::kBool,
       .default_value = "true",
       .doc = "Parquet: write the least and the greatest value of each row group.",
       .use = OptionUse::kSink},
      {.name = "page_index",
       .type = OptionType::kBool,
       .default_value = "true",
       .doc = "Parquet: write those of each page, too.",
       .use = OptionUse::kSink},
      {.name = "bloom_filters",
       .type = OptionType::kList,
       .doc = "Parquet: columns that get a bloom filter in each row group.",
       .use = OptionUse::kSink},
      {.name = "parquet_version",
       .type = OptionType::kChoice,
       .default_value = "2.6",
       .doc = "Parquet: whose types are written, for old readers.",
       .use = OptionUse::kSink,
       .choices = {"1.0", "2.4", "2.6"}},
  };
}

}  // namespace

const Format& parquet_format() {
  static const Format format = {
      .name = "parquet",
      .extensions = {"parquet", "pq"},
      .has_types = true,
      .needs_random_access = true,
      .compresses_inside = true,
      .options = options(),
      .make_decoder = make_decoder,
      .make_encoder = make_encoder,
  };
  return format;
}

}  // namespace velo::formats
