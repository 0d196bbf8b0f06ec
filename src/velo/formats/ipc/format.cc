#include "velo/formats/ipc/format.h"

#include <utility>

#include "velo/formats/ipc/decoder.h"
#include "velo/formats/ipc/encoder.h"

namespace velo::formats {
namespace {

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues&,
                                              DecodeOptions options) {
  return make_ipc_decoder(std::move(input), std::move(options));
}

template <bool is_file>
Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  IpcWriteOptions options{.is_file = is_file};
  const std::string codec = values.text("compression");
  if (codec != "auto") options.codec = codec;
  options.level = values.integer("compression_level");
  return make_ipc_encoder(std::move(output), schema, options);
}

}  // namespace

const Format& ipc_file_format() {
  static const Format format = {
      .name = "arrow",
      .extensions = {"arrow", "feather", "ipc"},
      .has_types = true,
      .compresses_inside = true,
      .make_decoder = make_decoder,
      .make_encoder = make_encoder<true>,
  };
  return format;
}

const Format& ipc_stream_format() {
  static const Format format = {
      .name = "arrows",
      .extensions = {"arrows"},
      .has_types = true,
      .compresses_inside = true,
      .make_decoder = make_decoder,
      .make_encoder = make_encoder<false>,
  };
  return format;
}

}  // namespace velo::formats
