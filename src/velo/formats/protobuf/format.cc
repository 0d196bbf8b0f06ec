#include "velo/formats/protobuf/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "velo/base/small_file.h"
#include "velo/formats/protobuf/decoder.h"
#include "velo/formats/protobuf/encoder.h"
#include "velo/formats/record_limit.h"

namespace velo::formats {
namespace {

constexpr size_t kMostDescriptorBytes = size_t{64} << 20;

Status bad_option(std::string message) {
  return make_error(ErrorKind::kInvalidArgument, {}, std::move(message));
}

Result<protobuf::MessageType> message_type(const OptionValues& values) {
  const std::string schema = values.text("schema");
  const std::string message = values.text("message");
  if (!schema.starts_with('@') || message.empty()) {
    return bad_option(
        "Protobuf does not say what its fields are: schema=@FILE names a descriptor "
        "file (protoc --include_imports -o FILE), message= a message with its package");
  }
  const std::string path = schema.substr(1);
  if (path.ends_with(".proto")) {
    return bad_option(
        fmt::format("schema=@{}: a descriptor file is read, not its source; protoc "
                    "--include_imports -o {}.desc {} makes one",
                    path, path.substr(0, path.size() - 6), path));
  }
  ARROW_ASSIGN_OR_RAISE(const std::string bytes,
                        read_small_file(path, kMostDescriptorBytes));
  auto set = protobuf::DescriptorSet::parse(bytes);
  if (!set.ok()) return annotate(set.status(), path);
  auto type = protobuf::MessageType::make(*std::move(set), message);
  return type.ok() ? type : annotate(type.status(), path);
}

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const OptionValues& values,
                                              DecodeOptions options) {
  ARROW_ASSIGN_OR_RAISE(const auto type, message_type(values));
  protobuf::DecoderLimits limits;
  ARROW_ASSIGN_OR_RAISE(limits.max_record_bytes, max_record_bytes_of(values));
  return protobuf::make_decoder(std::move(input), type, options, limits);
}

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  ARROW_ASSIGN_OR_RAISE(const auto type, message_type(values));
  ARROW_ASSIGN_OR_RAISE(const int64_t max_record_bytes, max_record_bytes_of(values));
  return protobuf::make_encoder(std::move(output), *schema, type, max_record_bytes);
}

}  // namespace

const Format& protobuf_format() {
  static const Format format{
      .name = "protobuf",
      .extensions = {"protobuf"},
      .has_types = true,
      .takes_schema_file = true,
      .options = {{.name = "message",
                   .doc = "Protobuf: the message that a record is, with its package: "
                          "shop.Order; schema=@FILE says what is in it."},
                  max_record_bytes_option()},
      .make_decoder = make_decoder,
      .make_encoder = make_encoder};
  return format;
}

}  // namespace velo::formats
