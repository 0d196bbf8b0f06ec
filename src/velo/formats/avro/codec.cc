#include "velo/formats/avro/codec.h"

#include <arrow/util/compression.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/big_endian.h"
#include "velo/formats/avro/binary.h"
#include "velo/formats/avro/crc32.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::avro {
namespace {

using arrow::util::Codec;

constexpr size_t kChecksumBytes = 4;

Status corrupt(std::string message) {
  return make_error(ErrorKind::kCorruptData, {}, std::move(message));
}

Status too_many_bytes(int64_t most_bytes) {
  return corrupt(
      fmt::format("the block has more than {} when it is decompressed; "
                  "max_record_bytes= reads larger ones",
                  with_unit(most_bytes)));
}

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// Codecs that are read bit by bit: a block does not say how large it becomes.
class StreamCodec : public BlockCodec {
 public:
  explicit StreamCodec(std::unique_ptr<Codec> codec) : codec_(std::move(codec)) {}

  Result<int64_t> decompress(std::string_view block, int64_t most_bytes,
                             std::vector<uint8_t>& out) override {
    if (!decompressor_) {
      ARROW_ASSIGN_OR_RAISE(decompressor_, codec_->MakeDecompressor());
    } else {
      ARROW_RETURN_NOT_OK(decompressor_->Reset());
    }
    int64_t size = 0;
    reserve(block.size() * 2 + 4096, out);
    while (!decompressor_->IsFinished()) {
      if (size > most_bytes) return too_many_bytes(most_bytes);
      if (room_behind(size, out) == 0) reserve(out.size() * 2, out);
      const auto step =
          decompressor_->Decompress(static_cast<int64_t>(block.size()), bytes_of(block),
                                    room_behind(size, out), out.data() + size);
      if (!step.ok()) return corrupt("the block cannot be decompressed");
      if (step->bytes_read == 0 && step->bytes_written == 0) {
        return corrupt("what is compressed ends too early");
      }
      block.remove_prefix(static_cast<size_t>(step->bytes_read));
      size += step->bytes_written;
    }
    // fastavro leaves a part of zlib's checksum behind what is deflated.
    if (!block.empty() && codec_->compression_type() != arrow::Compression::GZIP) {
      return corrupt("bytes follow what is compressed");
    }
    if (size > most_bytes) return too_many_bytes(most_bytes);
    return size;
  }

  Status compress(std::string_view block, std::string& out) override {
    ARROW_ASSIGN_OR_RAISE(const auto compressor, codec_->MakeCompressor());
    while (!block.empty()) {
      char* to = room(out);
      ARROW_ASSIGN_OR_RAISE(
          const auto step,
          compressor->Compress(static_cast<int64_t>(block.size()), bytes_of(block),
                               kStepBytes, reinterpret_cast<uint8_t*>(to)));
      block.remove_prefix(static_cast<size_t>(step.bytes_read));
      shrink(step.bytes_written, out);
    }
    for (bool is_done = false; !is_done;) {
      char* to = room(out);
      ARROW_ASSIGN_OR_RAISE(const auto end,
                            compressor->End(kStepBytes, reinterpret_cast<uint8_t*>(to)));
      shrink(end.bytes_written, out);
      is_done = !end.should_retry;
    }
    return Status::OK();
  }

 private:
  static constexpr int64_t kStepBytes = int64_t{128} << 10;

  static void reserve(size_t num_bytes, std::vector<uint8_t>& out) {
    if (out.size() < num_bytes) out.resize(num_bytes);
  }

  static int64_t room_behind(int64_t size, const std::vector<uint8_t>& out) {
    return static_cast<int64_t>(out.size()) - kPaddingBytes - size;
  }

  static char* room(std::string& out) {
    out.resize(out.size() + static_cast<size_t>(kStepBytes));
    return out.data() + out.size() - kStepBytes;
  }
  static void shrink(int64_t num_written, std::string& out) {
    out.resize(out.size() - static_cast<size_t>(kStepBytes - num_written));
  }

  const std::unique_ptr<Codec> codec_;
  std::shared_ptr<arrow::util::Decompressor> decompressor_;
};

// Snappy's raw form, which begins with the decompressed size, and a CRC32 of what was
// compressed, big-endian.
class SnappyCodec : public BlockCodec {
 public:
  explicit SnappyCodec(std::unique_ptr<Codec> codec) : codec_(std::move(codec)) {}

  Result<int64_t> decompress(std::string_view block, int64_t most_bytes,
                             std::vector<uint8_t>& out) override {
    if (block.size() <= kChecksumBytes) return corrupt("the block has no checksum");
    const auto expected =
        read_big_endian<uint32_t>(block.data() + block.size() - kChecksumBytes);
    block.remove_suffix(kChecksumBytes);
    ARROW_ASSIGN_OR_RAISE(const int64_t size, size_of(block));
    if (size > most_bytes) return too_many_bytes(most_bytes);
    const auto needed = static_cast<size_t>(size + kPaddingBytes);
    if (out.size() < needed) out.resize(needed);
    const auto done = codec_->Decompress(static_cast<int64_t>(block.size()),
                                         bytes_of(block), size, out.data());
    if (!done.ok() || *done != size) return corrupt("the block cannot be decompressed");
    const std::string_view text(reinterpret_cast<const char*>(out.data()),
                                static_cast<size_t>(size));
    if (crc32(text) != expected) return corrupt("the block's checksum is another");
    return size;
  }

  Status compress(std::string_view block, std::string& out) override {
    const auto size = static_cast<int64_t>(block.size());
    const int64_t most = codec_->MaxCompressedLen(size, bytes_of(block));
    const size_t begin = out.size();
    out.resize(begin + static_cast<size_t>(most));
    ARROW_ASSIGN_OR_RAISE(
        const int64_t written,
        codec_->Compress(size, bytes_of(block), most,
                         reinterpret_cast<uint8_t*>(out.data() + begin)));
    out.resize(begin + static_cast<size_t>(written));
    append_big_endian(out, crc32(block));
    return Status::OK();
  }

 private:
  // Seven bits a byte, the lowest first.
  static Result<int64_t> size_of(std::string_view block) {
    uint64_t size = 0;
    for (size_t i = 0; i < std::min<size_t>(block.size(), 5); ++i) {
      const auto byte = static_cast<uint8_t>(block[i]);
      size |= uint64_t{byte & 0x7FU} << 7 * i;
      if (byte < 0x80) return static_cast<int64_t>(size);
    }
    return corrupt("the block cannot be decompressed");
  }

  const std::unique_ptr<Codec> codec_;
};

}  // namespace

Result<std::unique_ptr<BlockCodec>> make_codec(std::string_view name) {
  if (name.empty() || name == "null") return std::unique_ptr<BlockCodec>();
  if (name == "snappy") {
    ARROW_ASSIGN_OR_RAISE(auto codec, Codec::Create(arrow::Compression::SNAPPY));
    return std::make_unique<SnappyCodec>(std::move(codec));
  }
  std::unique_ptr<Codec> codec;
  if (name == "deflate") {
    arrow::util::GZipCodecOptions options;
    options.gzip_format = arrow::util::GZipFormat::DEFLATE;
    ARROW_ASSIGN_OR_RAISE(codec, Codec::Create(arrow::Compression::GZIP, options));
  } else if (name == "zstandard") {
    ARROW_ASSIGN_OR_RAISE(codec, Codec::Create(arrow::Compression::ZSTD));
  } else if (name == "bzip2") {
    ARROW_ASSIGN_OR_RAISE(codec, Codec::Create(arrow::Compression::BZ2));
  } else {
    return make_error(
        ErrorKind::kNotImplemented, {},
        fmt::format(
            "its codec is {}; null, deflate, snappy, zstandard and bzip2 are read",
            name));
  }
  return std::make_unique<StreamCodec>(std::move(codec));
}

const char* codec_of_compression(std::string_view compression) {
  struct Name {
    std::string_view compression;
    const char* codec;
  };
  static constexpr Name kNames[] = {{"none", "null"},      {"deflate", "deflate"},
                                    {"gzip", "deflate"},   {"snappy", "snappy"},
                                    {"zstd", "zstandard"}, {"bzip2", "bzip2"}};
  for (const Name& name : kNames) {
    if (name.compression == compression) return name.codec;
  }
  return nullptr;
}

}  // namespace velo::formats::avro
