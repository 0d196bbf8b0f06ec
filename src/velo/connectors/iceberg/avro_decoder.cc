#include <arrow/util/compression.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/connectors/iceberg/avro_file.h"
#include "velo/connectors/iceberg/avro_schema.h"
#include "velo/connectors/iceberg/avro_values.h"

namespace velo::iceberg {
namespace {

constexpr std::string_view kMagic("Obj\1", 4);
constexpr size_t kSyncBytes = 16;
constexpr size_t kMaxBlockBytes = size_t{256} << 20;

Status corrupt(std::string_view what) {
  return make_error(ErrorKind::kCorruptData, {}, std::string(what));
}

// What the head says.
struct Head {
  std::shared_ptr<const AvroType> type;
  bool is_deflated = false;
  std::string_view sync;
};

Result<Head> read_head(ByteReader& reader) {
  const auto magic = reader.take(kMagic.size());
  if (!magic.ok() || *magic != kMagic) return corrupt("it is not an Avro file");
  std::map<std::string_view, std::string_view> metadata;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(int64_t count, reader.take_count());
    if (count == 0) break;
    for (; count > 0; --count) {
      ARROW_ASSIGN_OR_RAISE(const std::string_view key, reader.take_text());
      ARROW_ASSIGN_OR_RAISE(metadata[key], reader.take_text());
    }
  }
  Head head;
  const std::string_view codec = metadata["avro.codec"];
  if (!codec.empty() && codec != "null" && codec != "deflate") {
    return make_error(ErrorKind::kNotImplemented, {},
                      fmt::format("its codec is {}, and only null and deflate are read; "
                                  "set write.avro.compression-codec=gzip and rewrite the "
                                  "manifests",
                                  codec));
  }
  head.is_deflated = codec == "deflate";
  ARROW_ASSIGN_OR_RAISE(head.type, parse_avro_schema(metadata["avro.schema"]));
  ARROW_ASSIGN_OR_RAISE(head.sync, reader.take(kSyncBytes));
  return head;
}

Result<std::string> inflate(std::string_view bytes) {
  arrow::util::GZipCodecOptions options;
  options.gzip_format = arrow::util::GZipFormat::DEFLATE;
  ARROW_ASSIGN_OR_RAISE(const auto codec,
                        arrow::util::Codec::Create(arrow::Compression::GZIP, options));
  ARROW_ASSIGN_OR_RAISE(const auto decompressor, codec->MakeDecompressor());
  std::string text(std::max<size_t>(bytes.size() * 4, 4096), '\0');
  size_t size = 0;
  while (!decompressor->IsFinished()) {
    if (size == text.size()) text.resize(text.size() * 2);
    if (text.size() > kMaxBlockBytes) return corrupt("a block is too large");
    const auto step =
        decompressor->Decompress(static_cast<int64_t>(bytes.size()),
                                 reinterpret_cast<const uint8_t*>(bytes.data()),
                                 static_cast<int64_t>(text.size() - size),
                                 reinterpret_cast<uint8_t*>(text.data()) + size);
    if (!step.ok()) return corrupt("a block cannot be decompressed");
    bytes.remove_prefix(static_cast<size_t>(step->bytes_read));
    size += static_cast<size_t>(step->bytes_written);
    if (step->bytes_read == 0 && step->bytes_written == 0) {
      return corrupt("a block ends too early");
    }
  }
  text.resize(size);
  return text;
}

Status read_block(std::string_view bytes, int64_t num_rows, const AvroType& type,
                  const std::set<int>& wanted,
                  const std::function<Status(const AvroValue&)>& take) {
  ByteReader reader(bytes);
  ValueDecoder decoder(reader, wanted);
  for (; num_rows > 0; --num_rows) {
    AvroValue row;
    ARROW_RETURN_NOT_OK(decoder.decode(type, &row));
    ARROW_RETURN_NOT_OK(take(row));
  }
  return reader.at_end() ? Status::OK() : corrupt("a block has more bytes than rows");
}

Status read_all(std::string_view bytes, const std::set<int>& wanted,
                const std::function<Status(const AvroValue&)>& take) {
  ByteReader reader(bytes);
  ARROW_ASSIGN_OR_RAISE(const Head head, read_head(reader));
  while (!reader.at_end()) {
    ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, reader.take_long());
    if (num_rows < 0) return corrupt("a block has a negative number of rows");
    ARROW_ASSIGN_OR_RAISE(const std::string_view block, reader.take_text());
    if (head.is_deflated) {
      ARROW_ASSIGN_OR_RAISE(const std::string text, inflate(block));
      ARROW_RETURN_NOT_OK(read_block(text, num_rows, *head.type, wanted, take));
    } else {
      ARROW_RETURN_NOT_OK(read_block(block, num_rows, *head.type, wanted, take));
    }
    ARROW_ASSIGN_OR_RAISE(const std::string_view sync, reader.take(kSyncBytes));
    if (sync != head.sync) return corrupt("a block does not end where it says");
  }
  return Status::OK();
}

}  // namespace

const AvroValue* AvroValue::field(int id) const {
  const auto* fields = std::get_if<std::vector<AvroField>>(&value);
  if (fields == nullptr) return nullptr;
  const auto found = std::ranges::find(*fields, id, &AvroField::id);
  return found == fields->end() ? nullptr : &found->value;
}

std::optional<int64_t> AvroValue::number(int id) const {
  const AvroValue* found = field(id);
  const auto* number = found ? std::get_if<int64_t>(&found->value) : nullptr;
  return number ? std::optional(*number) : std::nullopt;
}

std::optional<std::string> AvroValue::text(int id) const {
  const AvroValue* found = field(id);
  const auto* text = found ? std::get_if<std::string>(&found->value) : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

Status read_avro_file(std::string_view name, std::string_view bytes,
                      const std::set<int>& wanted,
                      const std::function<Status(const AvroValue&)>& take) {
  const Status status = read_all(bytes, wanted, take);
  const ErrorContext* context = context_of(status);
  if (status.ok() || (context && !context->resource.empty())) return status;
  return make_error(kind_of(status),
                    {.connector = "iceberg", .resource = std::string(name)},
                    status.message());
}

}  // namespace velo::iceberg
