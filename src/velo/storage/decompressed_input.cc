#include <arrow/buffer.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/system_error.h"
#include "velo/storage/compression.h"
#include "velo/storage/snappy_frames.h"

namespace velo::storage {
namespace {

constexpr int64_t kReadBytes = int64_t{256} << 10;
// What tells every compression from the others, and from text.
constexpr size_t kMagicBytes = 10;
// ZSTD_error_frameParameter_windowTooLarge, of which Arrow keeps the text alone.
constexpr std::string_view kZstdWindowReason = "too much memory for decoding";

// A stream that gives its bytes by the one Read.
class OneReadInput : public arrow::io::InputStream {
 public:
  using arrow::io::InputStream::Read;
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(num_bytes));
    ARROW_ASSIGN_OR_RAISE(const int64_t num_read,
                          Read(num_bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(num_read));
    return buffer;
  }
};

class DecompressedInput : public OneReadInput {
 public:
  DecompressedInput(std::shared_ptr<arrow::io::InputStream> compressed,
                    std::shared_ptr<arrow::util::Decompressor> decompressor,
                    DecompressOptions options)
      : compressed_(std::move(compressed)),
        decompressor_(std::move(decompressor)),
        options_(std::move(options)) {}

  Result<int64_t> Read(int64_t num_bytes, void* out) override {
    int64_t num_read = 0;
    while (num_read < num_bytes) {
      ARROW_ASSIGN_OR_RAISE(
          const int64_t more,
          read_some(num_bytes - num_read, static_cast<uint8_t*>(out) + num_read));
      if (more == 0) break;
      num_read += more;
      position_ += more;
    }
    ARROW_RETURN_NOT_OK(check_ratio());
    return num_read;
  }
  using OneReadInput::Read;

  Status Close() override { return compressed_->Close(); }
  bool closed() const override { return compressed_->closed(); }
  Result<int64_t> Tell() const override { return position_; }

 private:
  // Content, one byte at least; none at the end.
  Result<int64_t> read_some(int64_t num_bytes, uint8_t* out) {
    while (true) {
      if (is_between_) {
        ARROW_ASSIGN_OR_RAISE(const bool is_there, begin_member());
        if (!is_there) return 0;
      }
      const auto step = decompressor_->Decompress(
          static_cast<int64_t>(rest().size()),
          reinterpret_cast<const uint8_t*>(rest().data()), num_bytes, out);
      if (!step.ok()) return broken(step.status().message());
      consume(static_cast<size_t>(step->bytes_read));
      is_between_ = decompressor_->IsFinished();
      if (step->bytes_written > 0) return step->bytes_written;
      if (is_between_ || step->bytes_read > 0) continue;
      if (!rest().empty()) return broken("nothing comes of it");
      ARROW_RETURN_NOT_OK(fill());
      if (rest().empty()) return truncated();
    }
  }

  // False at the end of the file.
  Result<bool> begin_member() {
    while (rest().size() < kMagicBytes && !at_end_) ARROW_RETURN_NOT_OK(fill());
    const bool is_first = num_consumed_ == 0;
    if (rest().empty() && !is_first) return false;
    const bool are_chunks = options_.compression == Compression::SNAPPY && !is_first;
    if (!are_chunks && !begins_as(options_.compression, rest())) {
      if (!rest().empty() && is_cut_off(options_.compression, rest())) return truncated();
      if (is_first) return not_so_compressed();
      if (options_.compression == Compression::GZIP) {
        ARROW_ASSIGN_OR_RAISE(const bool is_padding, pass_zeros());
        if (is_padding) return false;
      }
      return followed();
    }
    if (!is_first) ARROW_RETURN_NOT_OK(decompressor_->Reset());
    is_between_ = false;
    return true;
  }

  // Whether nothing but zeros follows.
  Result<bool> pass_zeros() {
    const int64_t begin = num_consumed_;
    while (!rest().empty()) {
      if (rest().find_first_not_of('\0') != std::string_view::npos) {
        num_consumed_ = begin;
        return false;
      }
      consume(rest().size());
      ARROW_RETURN_NOT_OK(fill());
    }
    return true;
  }

  std::string_view rest() const { return std::string_view(held_).substr(begin_); }

  void consume(size_t num_bytes) {
    begin_ += num_bytes;
    num_consumed_ += static_cast<int64_t>(num_bytes);
  }

  Status fill() {
    if (at_end_) return Status::OK();
    held_.erase(0, begin_);
    begin_ = 0;
    const size_t num_held = held_.size();
    held_.resize(num_held + static_cast<size_t>(kReadBytes));
    const auto num_read = compressed_->Read(kReadBytes, held_.data() + num_held);
    held_.resize(num_held + static_cast<size_t>(num_read.ValueOr(0)));
    if (!num_read.ok()) return explain(num_read.status());
    at_end_ = *num_read == 0;
    return Status::OK();
  }

  Status check_ratio() const {
    if (options_.max_ratio == 0 || position_ < kUnlimitedContentBytes)
      return Status::OK();
    if (position_ / options_.max_ratio <= num_consumed_) return Status::OK();
    return corrupt(
        fmt::format("{} compressed bytes expand to more than {}, above max_ratio={}; if "
                    "they are meant to, max_ratio=0 reads them",
                    num_consumed_, position_, options_.max_ratio));
  }

  Status explain(const Status& status) const {
    if (context_of(status) != nullptr) return status;  // a stop, told by the stream below
    return with_system_kind(status, "read it", options_.name);
  }

  Status not_so_compressed() const {
    const auto name = name_of(options_.compression);
    if (rest().empty()) {
      return corrupt(
          fmt::format("it is empty, and not even the beginning of {} is there; "
                      "was it cut off while it was copied? compression=none "
                      "reads it as it is",
                      name));
    }
    const Compression other = compression_of_bytes(rest());
    if (other != Compression::UNCOMPRESSED) {
      return corrupt(
          fmt::format("its first bytes are not {0}'s but {1}'s; "
                      "compression={1} reads it",
                      name, name_of(other)));
    }
    return corrupt(
        fmt::format("its first bytes are not {}'s; is it compressed as its name says? "
                    "compression=none reads it as it is",
                    name));
  }

  Status followed() const {
    return corrupt(fmt::format(
        "the compressed data ends at byte {0}, and what follows is not {1}; if it does "
        "not belong there, cut it off: head -c {0}",
        num_consumed_, name_of(options_.compression)));
  }

  Status truncated() const {
    return corrupt(
        fmt::format("the compressed data ends too early, after {} bytes of content; was "
                    "the file cut off while it was copied?",
                    position_));
  }

  Status broken(const std::string& reason) const {
    if (reason.find(kZstdWindowReason) != std::string::npos) {
      return make_error(
          ErrorKind::kNotImplemented, {.resource = options_.name},
          fmt::format("its frame at byte {} has a window of more than 128 MiB, as zstd "
                      "--long=28 and above make, which is not read; `zstd -dc --long=31` "
                      "reads it, and its output can be piped",
                      num_consumed_));
    }
    return corrupt(
        fmt::format("the compressed data is broken at byte {} of it, after {} bytes of "
                    "content ({}); get the file anew from where it comes from",
                    num_consumed_, position_, reason));
  }

  Status corrupt(std::string message) const {
    return make_error(ErrorKind::kCorruptData, {.resource = options_.name},
                      std::move(message));
  }

  const std::shared_ptr<arrow::io::InputStream> compressed_;
  const std::shared_ptr<arrow::util::Decompressor> decompressor_;
  const DecompressOptions options_;
  std::string held_;  // compressed bytes; those before begin_ are consumed
  size_t begin_ = 0;
  bool at_end_ = false;  // of the compressed bytes, behind held_
  bool is_between_ = true;
  int64_t num_consumed_ = 0;
  int64_t position_ = 0;  // in the content
};

class CheckedInput : public OneReadInput {
 public:
  CheckedInput(std::shared_ptr<arrow::io::InputStream> bytes, std::string name)
      : bytes_(std::move(bytes)), name_(std::move(name)) {}

  Result<int64_t> Read(int64_t num_bytes, void* out) override {
    if (!is_checked_) ARROW_RETURN_NOT_OK(check());
    const auto num_kept = std::min(static_cast<size_t>(num_bytes), first_.size());
    std::copy_n(first_.data(), num_kept, static_cast<char*>(out));
    first_.erase(0, num_kept);
    auto num_read = static_cast<int64_t>(num_kept);
    if (num_read < num_bytes) {
      ARROW_ASSIGN_OR_RAISE(
          const int64_t more,
          bytes_->Read(num_bytes - num_read, static_cast<char*>(out) + num_read));
      num_read += more;
    }
    position_ += num_read;
    return num_read;
  }
  using OneReadInput::Read;

  Status Close() override { return bytes_->Close(); }
  bool closed() const override { return bytes_->closed(); }
  Result<int64_t> Tell() const override { return position_; }

 private:
  Status check() {
    first_.resize(kMagicBytes);
    const auto num_read = bytes_->Read(static_cast<int64_t>(kMagicBytes), first_.data());
    first_.resize(static_cast<size_t>(num_read.ValueOr(0)));
    ARROW_RETURN_NOT_OK(num_read);
    is_checked_ = true;
    const Compression found = compression_of_bytes(first_);
    if (found == Compression::UNCOMPRESSED) return Status::OK();
    return make_error(ErrorKind::kInvalidArgument, {.resource = name_},
                      fmt::format("its first bytes are {0}'s, which its name does not "
                                  "tell; compression={0} reads it",
                                  name_of(found)));
  }

  const std::shared_ptr<arrow::io::InputStream> bytes_;
  const std::string name_;
  std::string first_;  // bytes that were looked at and not given yet
  bool is_checked_ = false;
  int64_t position_ = 0;
};

Result<std::shared_ptr<arrow::util::Decompressor>> make_decompressor(
    Compression compression) {
  if (compression == Compression::SNAPPY) return make_snappy_decompressor();
  ARROW_ASSIGN_OR_RAISE(const auto codec, arrow::util::Codec::Create(compression));
  return codec->MakeDecompressor();
}

}  // namespace

Result<std::shared_ptr<arrow::io::InputStream>> decompress(
    std::shared_ptr<arrow::io::InputStream> compressed, DecompressOptions options) {
  ARROW_ASSIGN_OR_RAISE(auto decompressor, make_decompressor(options.compression));
  return std::make_shared<DecompressedInput>(std::move(compressed),
                                             std::move(decompressor), std::move(options));
}

std::shared_ptr<arrow::io::InputStream> check_uncompressed(
    std::shared_ptr<arrow::io::InputStream> bytes, std::string name) {
  return std::make_shared<CheckedInput>(std::move(bytes), std::move(name));
}

}  // namespace velo::storage
