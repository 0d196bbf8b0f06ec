#include "velo/formats/orc/format.h"

#include <fmt/format.h>

#include <utility>

#include "velo/formats/orc/decoder.h"
#include "velo/formats/orc/encoder.h"

namespace velo::formats {
namespace {

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues&,
                                              DecodeOptions options) {
  return make_orc_decoder(std::move(input), std::move(options));
}

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  if (const auto level = values.integer("compression_level")) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("compression_level={}: ORC's codecs have no levels "
                                  "here; leave it out",
                                  *level));
  }
  OrcWriteOptions options;
  const std::string codec = values.text("compression");
  if (codec != "auto") options.codec = codec;
  options.stripe_bytes = *values.integer("stripe_bytes");
  return make_orc_encoder(std::move(output), schema, options);
}

}  // namespace

const Format& orc_format() {
  static const Format format = {
      .name = "orc",
      .extensions = {"orc"},
      .has_types = true,
      .needs_random_access = true,
      .compresses_inside = true,
      .options = {{.name = "stripe_bytes",
                   .type = OptionType::kBytes,
                   .unit = "bytes",
                   .default_value = "16MiB",
                   .doc = "ORC: about so large is one stripe, which is held in memory.",
                   .use = OptionUse::kSink}},
      .make_decoder = make_decoder,
      .make_encoder = make_encoder,
  };
  return format;
}

}  // namespace velo::formats
