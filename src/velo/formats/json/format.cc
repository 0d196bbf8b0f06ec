#include "velo/formats/json/format.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "velo/formats/json/decoder.h"
#include "velo/formats/json/encoder.h"
#include "velo/formats/json/line_finder.h"
#include "velo/formats/record_limit.h"

namespace velo::formats {
namespace {

constexpr std::string_view kUnits[] = {"s", "ms", "us", "ns"};

std::optional<arrow::TimeUnit::type> epoch_of(const OptionValues& values) {
  if (!values.has("epoch")) return std::nullopt;
  const auto found = std::ranges::find(kUnits, values.text("epoch"));
  return static_cast<arrow::TimeUnit::type>(found - std::begin(kUnits));
}

OptionDescriptor epoch_option() {
  return {.name = "epoch",
          .type = OptionType::kChoice,
          .doc = "JSON: what numbers in timestamp columns of schema= count since 1970.",
          .use = OptionUse::kSource,
          .choices = {"s", "ms", "us", "ns"}};
}

OptionDescriptor quoted_numbers_option() {
  return {.name = "quoted_numbers",
          .type = OptionType::kBool,
          .default_value = "false",
          .doc = "JSON: whether a number of a column of schema= may stand in quotes.",
          .use = OptionUse::kSource};
}

OptionDescriptor duplicates_option() {
  return {
      .name = "duplicates",
      .type = OptionType::kChoice,
      .default_value = "fail",
      .doc =
          "JSON: what becomes of an object that has a field twice: fail (a bad record), "
          "or last, which takes the last one and costs a look ahead.",
      .use = OptionUse::kSource,
      .choices = {"fail", "last"}};
}

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues& values,
                                              DecodeOptions options) {
  options.envelope = envelope_of(values);
  options.epoch = epoch_of(values);
  options.takes_quoted_numbers = values.boolean("quoted_numbers");
  options.takes_last_field = values.text("duplicates") == "last";
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

Result<std::unique_ptr<RecordFinder>> make_record_finder(
    arrow::io::RandomAccessFile& file, const OptionValues&) {
  return json::make_line_finder(file);
}

}  // namespace

const Format& json_format() {
  static const Format format{
      .name = "json",
      .extensions = {"json", "ndjson", "jsonl"},
      .can_infer_from_all = true,
      .options = {envelope_option(), max_record_bytes_option(), epoch_option(),
                  quoted_numbers_option(), duplicates_option()},
      .make_decoder = make_decoder,
      .make_record_finder = make_record_finder,
      .make_encoder = make_encoder};
  return format;
}

}  // namespace velo::formats
