#include "velo/formats/avro/format.h"

#include <fmt/format.h>

#include <utility>

#include "velo/formats/avro/codec.h"
#include "velo/formats/avro/decoder.h"
#include "velo/formats/avro/encoder.h"
#include "velo/formats/avro/envelope.h"
#include "velo/formats/record_limit.h"

namespace velo::formats {
namespace {

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues& values,
                                              DecodeOptions options) {
  ARROW_ASSIGN_OR_RAISE(const int64_t max_record_bytes, max_record_bytes_of(values));
  return envelope_of(values) == Envelope::kDebezium
             ? avro::make_change_decoder(std::move(input), options, max_record_bytes)
             : avro::make_decoder(std::move(input), options, max_record_bytes);
}

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  if (const auto level = values.integer("compression_level")) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("compression_level={}: Avro's codecs have no levels "
                                  "here; leave it out",
                                  *level));
  }
  avro::WriteOptions options;
  ARROW_ASSIGN_OR_RAISE(options.max_record_bytes, max_record_bytes_of(values));
  const std::string compression = values.text("compression");
  if (!compression.empty() && compression != "auto") {
    const char* codec = avro::codec_of_compression(compression);
    if (codec == nullptr) {
      return make_error(ErrorKind::kInvalidArgument, {},
                        fmt::format("compression={} is not one of Avro's: none, deflate, "
                                    "snappy, zstd, bzip2",
                                    compression));
    }
    options.codec = codec;
  }
  return envelope_of(values) == Envelope::kDebezium
             ? avro::make_change_encoder(std::move(output), schema, options)
             : avro::make_encoder(std::move(output), schema, options);
}

}  // namespace

const Format& avro_format() {
  static const Format format{.name = "avro",
                             .extensions = {"avro"},
                             .has_types = true,
                             .compresses_inside = true,
                             .options = {envelope_option(), max_record_bytes_option()},
                             .make_decoder = make_decoder,
                             .make_encoder = make_encoder};
  return format;
}

}  // namespace velo::formats
