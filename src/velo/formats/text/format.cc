#include "velo/formats/text/format.h"

#include <algorithm>
#include <utility>

#include "velo/formats/record_limit.h"
#include "velo/formats/text/decoder.h"
#include "velo/formats/text/encoder.h"

namespace velo::formats {
namespace {

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues& values,
                                              DecodeOptions options) {
  TextLayout layout{.pattern = values.text("pattern")};
  ARROW_ASSIGN_OR_RAISE(layout.max_record_bytes, max_record_bytes_of(values));
  layout.block_bytes = std::min(layout.block_bytes, layout.max_record_bytes);
  return make_text_decoder(std::move(input), layout, std::move(options));
}

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  ARROW_ASSIGN_OR_RAISE(const int64_t max_record_bytes, max_record_bytes_of(values));
  return make_text_encoder(std::move(output), schema, max_record_bytes);
}

}  // namespace

const Format& text_format() {
  static const Format format = {
      .name = "text",
      .extensions = {"txt", "log", "text"},
      .is_asked_for = true,
      .options = {{.name = "pattern",
                   .doc = "Text: a regular expression (RE2) that a whole line matches; "
                          "its named groups, (?P<name>…), are the columns.",
                   .use = OptionUse::kSource},
                  max_record_bytes_option()},
      .make_decoder = make_decoder,
      .make_encoder = make_encoder,
  };
  return format;
}

}  // namespace velo::formats
