#include "velo/formats/json/format.h"

#include <algorithm>
#include <utility>

#include "velo/formats/json/decoder.h"
#include "velo/formats/json/encoder.h"
#include "velo/formats/record_limit.h"

namespace velo::formats {
namespace {

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues& values,
                                              DecodeOptions options) {
  options.envelope = envelope_of(values);
  json::DecoderLimits limits;
  ARROW_ASSIGN_OR_RAISE(limits.cutter.max_record_bytes, max_record_bytes_of(values));
  limits.cutter.block_bytes =
      std::min(limits.cutter.block_bytes, limits.cutter.max_record_bytes);
  return json::make_decoder(std::move(input), std::move(options), limits);
}

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  ARROW_ASSIGN_OR_RAISE(const int64_t max_record_bytes, max_record_bytes_of(values));
  return envelope_of(values) == Envelope::kDebezium
             ? json::make_change_encoder(std::move(output), schema, max_record_bytes)
             : json::make_encoder(std::move(output), schema, max_record_bytes);
}

}  // namespace

const Format& json_format() {
  static const Format format{.name = "json",
                             .extensions = {"json", "ndjson", "jsonl"},
                             .options = {envelope_option(), max_record_bytes_option()},
                             .make_decoder = make_decoder,
                             .make_encoder = make_encoder};
  return format;
}

}  // namespace velo::formats
