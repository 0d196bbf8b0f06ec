#include <arrow/util/thread_pool.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "velo/base/catch_to_status.h"
#include "velo/storage/compression.h"
#include "velo/storage/snappy_frames.h"

namespace velo::storage {
namespace {

// Large enough that a codec finds what repeats; bzip2's own are 900,000 bytes.
constexpr size_t kBlockBytes = 900'000;
constexpr size_t kMoreOutputBytes = size_t{64} << 10;
// As gzip(1): Arrow's own, 9, takes twice as long for one per cent.
constexpr int kGzipLevel = 6;

// ZSTD_c_checksumFlag: as zstd(1), so that no changed byte goes unseen.
constexpr int kZstdChecksumFlag = 201;

int level_of(Compression compression, std::optional<int64_t> level) {
  if (level) return static_cast<int>(*level);
  if (compression == Compression::GZIP) return kGzipLevel;
  return arrow::util::Codec::UseDefaultCompressionLevel();
}

Result<std::unique_ptr<arrow::util::Codec>> make_codec(Compression compression,
                                                       int level) {
  if (compression != Compression::ZSTD) {
    return arrow::util::Codec::Create(compression, level);
  }
  arrow::util::ZstdCodecOptions options;
  options.compression_level = level;
  options.compression_context_params = {{kZstdChecksumFlag, 1}};
  return arrow::util::Codec::Create(compression, options);
}

// All of some content, as one member.
Result<std::string> compress_member(Compression compression, int level,
                                    std::string_view content) {
  if (compression == Compression::SNAPPY) return write_snappy_frames(content);
  ARROW_ASSIGN_OR_RAISE(const auto codec, make_codec(compression, level));
  ARROW_ASSIGN_OR_RAISE(const auto compressor, codec->MakeCompressor());
  std::string member(content.size() / 2 + kMoreOutputBytes, '\0');
  size_t size = 0;
  const auto room = [&] { return static_cast<int64_t>(member.size() - size); };
  const auto end = [&] { return reinterpret_cast<uint8_t*>(member.data()) + size; };
  const auto grow = [&] {
    member.resize(member.size() + content.size() / 2 + kMoreOutputBytes);
  };
  while (!content.empty()) {
    ARROW_ASSIGN_OR_RAISE(
        const auto step,
        compressor->Compress(static_cast<int64_t>(content.size()),
                             reinterpret_cast<const uint8_t*>(content.data()), room(),
                             end()));
    content.remove_prefix(static_cast<size_t>(step.bytes_read));
    size += static_cast<size_t>(step.bytes_written);
    if (!content.empty()) grow();
  }
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto step, compressor->End(room(), end()));
    size += static_cast<size_t>(step.bytes_written);
    if (!step.should_retry) break;
    grow();
  }
  member.resize(size);
  return member;
}

class BlockOutput : public CompressedOutput {
 public:
  BlockOutput(std::shared_ptr<arrow::io::OutputStream> output, Compression compression,
              int level)
      : output_(std::move(output)),
        compression_(compression),
        level_(level),
        threads_(*arrow::internal::GetCpuThreadPool()),
        most_pending_(static_cast<size_t>(threads_.GetCapacity()) + 1) {}

  using arrow::io::OutputStream::Write;
  Status Write(const void* data, int64_t num_bytes) override {
    std::string_view bytes(static_cast<const char*>(data),
                           static_cast<size_t>(num_bytes));
    position_ += num_bytes;
    while (!bytes.empty()) {
      const size_t num_taken = std::min(kBlockBytes - block_.size(), bytes.size());
      block_ += bytes.substr(0, num_taken);
      bytes.remove_prefix(num_taken);
      if (block_.size() == kBlockBytes) ARROW_RETURN_NOT_OK(start_block());
    }
    return Status::OK();
  }

  int64_t held_bytes() const override {
    return static_cast<int64_t>(block_.size() + pending_.size() * kBlockBytes);
  }

  Status write_held() override {
    if (!block_.empty()) ARROW_RETURN_NOT_OK(start_block());
    while (!pending_.empty()) ARROW_RETURN_NOT_OK(write_first());
    return Status::OK();
  }

  Status Close() override {
    if (is_closed_) return Status::OK();
    is_closed_ = true;
    const bool is_empty = position_ == 0;
    if (is_empty) ARROW_RETURN_NOT_OK(start_block());
    ARROW_RETURN_NOT_OK(write_held());
    return output_->Close();
  }
  bool closed() const override { return is_closed_; }
  Result<int64_t> Tell() const override { return position_; }

 private:
  Status start_block() {
    while (pending_.size() >= most_pending_) ARROW_RETURN_NOT_OK(write_first());
    ARROW_ASSIGN_OR_RAISE(
        auto member,
        threads_.Submit([compression = compression_, level = level_,
                         content = std::exchange(block_, {})]() -> Result<std::string> {
          std::string bytes;
          ARROW_RETURN_NOT_OK(catch_to_status("while compressing", [&] {
            return compress_member(compression, level, content).Value(&bytes);
          }));
          return bytes;
        }));
    pending_.push_back(std::move(member));
    while (!pending_.empty() && pending_.front().is_finished()) {
      ARROW_RETURN_NOT_OK(write_first());
    }
    return Status::OK();
  }

  Status write_first() {
    const auto member = std::move(pending_.front());
    pending_.pop_front();
    ARROW_RETURN_NOT_OK(member.status());
    return output_->Write(*member.result());
  }

  const std::shared_ptr<arrow::io::OutputStream> output_;
  const Compression compression_;
  const int level_;
  arrow::internal::ThreadPool& threads_;
  const size_t most_pending_;
  std::string block_;                               // not full yet
  std::deque<arrow::Future<std::string>> pending_;  // blocks being compressed, in order
  int64_t position_ = 0;
  bool is_closed_ = false;
};

}  // namespace

Result<std::shared_ptr<CompressedOutput>> compress(
    std::shared_ptr<arrow::io::OutputStream> output, Compression compression,
    std::optional<int64_t> level) {
  ARROW_RETURN_NOT_OK(check_level(compression, level));
  return std::make_shared<BlockOutput>(std::move(output), compression,
                                       level_of(compression, level));
}

}  // namespace velo::storage
