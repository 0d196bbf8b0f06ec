#include "velo/formats/json/format.h"

#include "velo/formats/json/decoder.h"
#include "velo/formats/json/encoder.h"

namespace velo::formats {

const Format& json_format() {
  static const Format format{
      .name = "json",
      .extensions = {"json", "ndjson", "jsonl"},
      .options = {envelope_option()},
      .make_decoder =
          [](Input input, const OptionValues& values, DecodeOptions options) {
            options.envelope = envelope_of(values);
            return json::make_decoder(std::move(input), std::move(options), {});
          },
      .make_encoder =
          [](std::shared_ptr<arrow::io::OutputStream> output,
             const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
            return envelope_of(values) == Envelope::kDebezium
                       ? json::make_change_encoder(std::move(output), schema)
                       : json::make_encoder(std::move(output), schema);
          }};
  return format;
}

}  // namespace velo::formats
