#include "velo/storage/snappy_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "velo/storage/crc32c.h"

namespace velo::storage {
namespace {

constexpr size_t kMostContentBytes = 65536;
constexpr size_t kHeaderBytes = 4;
constexpr size_t kChecksumBytes = 4;
// Of a block of the most content that cannot be compressed: 32 + n + n / 6.
constexpr size_t kMostChunkBytes = kChecksumBytes + 32 + kMostContentBytes * 7 / 6;

constexpr uint8_t kCompressed = 0x00;
constexpr uint8_t kAsItIs = 0x01;
constexpr uint8_t kFirstSkippable = 0x80;
constexpr uint8_t kIdentifier = 0xFF;

uint8_t byte_at(std::string_view bytes, size_t index) {
  return static_cast<uint8_t>(bytes[index]);
}

uint32_t masked_checksum(std::string_view content) {
  const uint32_t checksum = crc32c(content);
  return ((checksum >> 15) | (checksum << 17)) + 0xA282EAD8;
}

void append_little_endian(uint32_t value, int num_bytes, std::string& out) {
  for (int i = 0; i < num_bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

uint32_t read_little_endian(std::string_view bytes, size_t num_bytes) {
  uint32_t value = 0;
  for (size_t i = num_bytes; i-- > 0;) value = value << 8 | byte_at(bytes, i);
  return value;
}

const uint8_t* data_of(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

class SnappyDecompressor : public arrow::util::Decompressor {
 public:
  explicit SnappyDecompressor(std::unique_ptr<arrow::util::Codec> codec)
      : codec_(std::move(codec)) {}

  Result<DecompressResult> Decompress(int64_t input_len, const uint8_t* input,
                                      int64_t output_len, uint8_t* output) override {
    std::string_view rest(reinterpret_cast<const char*>(input),
                          static_cast<size_t>(input_len));
    int64_t num_written = 0;
    while (true) {
      num_written += give(output_len - num_written, output + num_written);
      const bool is_full = given_ < content_.size();
      if (is_full || rest.empty()) {
        return DecompressResult{input_len - static_cast<int64_t>(rest.size()),
                                num_written, is_full};
      }
      ARROW_RETURN_NOT_OK(take(rest));
    }
  }

  bool IsFinished() override {
    return chunk_.empty() && num_to_skip_ == 0 && given_ == content_.size();
  }

  Status Reset() override { return Status::OK(); }

 private:
  int64_t give(int64_t num_bytes, uint8_t* out) {
    const size_t num_given =
        std::min(static_cast<size_t>(num_bytes), content_.size() - given_);
    std::memcpy(out, content_.data() + given_, num_given);
    given_ += num_given;
    return static_cast<int64_t>(num_given);
  }

  // Takes bytes of one chunk, and decodes it when it is whole.
  Status take(std::string_view& rest) {
    if (num_to_skip_ > 0) {
      const size_t num_skipped = std::min(num_to_skip_, rest.size());
      num_to_skip_ -= num_skipped;
      rest.remove_prefix(num_skipped);
      return Status::OK();
    }
    if (!gather(kHeaderBytes, rest)) return Status::OK();
    const uint8_t type = byte_at(chunk_, 0);
    const size_t num_bytes = read_little_endian(std::string_view(chunk_).substr(1), 3);
    if (type >= kFirstSkippable && type != kIdentifier) {
      num_to_skip_ = num_bytes;
      chunk_.clear();
      return Status::OK();
    }
    if (type > kAsItIs && type < kFirstSkippable) {
      return Status::IOError(fmt::format("a chunk of the unknown type 0x{:02x}", type));
    }
    if (num_bytes > kMostChunkBytes) {
      return Status::IOError(fmt::format("a chunk of {} bytes", num_bytes));
    }
    if (!gather(kHeaderBytes + num_bytes, rest)) return Status::OK();
    const Status decoded = decode(type, std::string_view(chunk_).substr(kHeaderBytes));
    chunk_.clear();
    return decoded;
  }

  // Whether the chunk has so many bytes now.
  bool gather(size_t num_bytes, std::string_view& rest) {
    if (chunk_.size() < num_bytes) {
      const size_t num_taken = std::min(num_bytes - chunk_.size(), rest.size());
      chunk_ += rest.substr(0, num_taken);
      rest.remove_prefix(num_taken);
    }
    return chunk_.size() >= num_bytes;
  }

  Status decode(uint8_t type, std::string_view chunk) {
    if (type == kIdentifier) {
      if (chunk == kSnappyIdentifier.substr(kHeaderBytes)) return Status::OK();
      return Status::IOError("a stream that is not called sNaPpY");
    }
    if (chunk.size() < kChecksumBytes) return Status::IOError("a chunk without checksum");
    const std::string_view block = chunk.substr(kChecksumBytes);
    given_ = 0;
    if (type == kCompressed) {
      content_.resize(kMostContentBytes);
      const auto num_bytes =
          codec_->Decompress(static_cast<int64_t>(block.size()), data_of(block),
                             static_cast<int64_t>(content_.size()),
                             reinterpret_cast<uint8_t*>(content_.data()));
      content_.resize(num_bytes.ok() ? static_cast<size_t>(*num_bytes) : 0);
      ARROW_RETURN_NOT_OK(num_bytes);
    } else {
      content_ = block;
    }
    if (masked_checksum(content_) != read_little_endian(chunk, kChecksumBytes)) {
      return Status::IOError("a chunk whose checksum is another");
    }
    return Status::OK();
  }

  const std::unique_ptr<arrow::util::Codec> codec_;
  std::string chunk_;       // its header and what has come of it
  size_t num_to_skip_ = 0;  // of a chunk that is skipped
  std::string content_;     // of the last chunk
  size_t given_ = 0;
};

}  // namespace

Result<std::string> write_snappy_frames(std::string_view content) {
  ARROW_ASSIGN_OR_RAISE(const auto codec,
                        arrow::util::Codec::Create(arrow::Compression::SNAPPY));
  std::string frames(kSnappyIdentifier);
  std::string block;
  for (; !content.empty();
       content.remove_prefix(std::min(kMostContentBytes, content.size()))) {
    const std::string_view piece = content.substr(0, kMostContentBytes);
    const auto piece_bytes = static_cast<int64_t>(piece.size());
    block.resize(
        static_cast<size_t>(codec->MaxCompressedLen(piece_bytes, data_of(piece))));
    ARROW_ASSIGN_OR_RAISE(
        const int64_t num_bytes,
        codec->Compress(piece_bytes, data_of(piece), static_cast<int64_t>(block.size()),
                        reinterpret_cast<uint8_t*>(block.data())));
    // As the format asks: what saves less than an eighth is kept as it is.
    const bool is_worth_it = num_bytes < piece_bytes - piece_bytes / 8;
    const std::string_view stored =
        is_worth_it ? std::string_view(block).substr(0, static_cast<size_t>(num_bytes))
                    : piece;
    frames += static_cast<char>(is_worth_it ? kCompressed : kAsItIs);
    append_little_endian(static_cast<uint32_t>(stored.size() + kChecksumBytes), 3,
                         frames);
    append_little_endian(masked_checksum(piece), kChecksumBytes, frames);
    frames += stored;
  }
  return frames;
}

Result<std::shared_ptr<arrow::util::Decompressor>> make_snappy_decompressor() {
  ARROW_ASSIGN_OR_RAISE(auto codec,
                        arrow::util::Codec::Create(arrow::Compression::SNAPPY));
  return std::make_shared<SnappyDecompressor>(std::move(codec));
}

}  // namespace velo::storage
