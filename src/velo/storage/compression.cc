#include "velo/storage/compression.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <utility>

#include "velo/base/system_error.h"

namespace velo::storage {
namespace {

class DecompressedStream : public arrow::io::InputStream {
 public:
  DecompressedStream(std::shared_ptr<arrow::io::InputStream> content, std::string name)
      : content_(std::move(content)), name_(std::move(name)) {}

  Result<int64_t> Read(int64_t num_bytes, void* out) override {
    auto num_read = content_->Read(num_bytes, out);
    if (!num_read.ok()) return explain(num_read.status());
    position_ += *num_read;
    return num_read;
  }

  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(num_bytes));
    ARROW_ASSIGN_OR_RAISE(const int64_t num_read,
                          Read(num_bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(num_read));
    return buffer;
  }

  Status Close() override { return content_->Close(); }
  bool closed() const override { return content_->closed(); }
  Result<int64_t> Tell() const override { return position_; }

 private:
  Status explain(const Status& status) const {
    if (context_of(status) != nullptr) return status;  // a stop, told by the stream below
    if (arrow::internal::ErrnoFromStatus(status) != 0) {
      return with_system_kind(status, "read it", name_);
    }
    // The only way to tell them apart; Arrow has one code for both.
    if (status.message().find("Truncated") != std::string::npos) {
      return make_error(
          ErrorKind::kCorruptData, {.resource = name_},
          fmt::format("the compressed data ends too early, after {} bytes of "
                      "content; was the file cut off while it was copied?",
                      position_));
    }
    return make_error(
        ErrorKind::kCorruptData, {.resource = name_},
        fmt::format("the compressed data is broken after {} bytes of content ({}); is it "
                    "compressed as its name says? compression=none reads it as it is",
                    position_, status.message()));
  }

  std::shared_ptr<arrow::io::InputStream> content_;
  const std::string name_;
  int64_t position_ = 0;
};

}  // namespace

Result<std::shared_ptr<arrow::io::InputStream>> decompress(
    std::shared_ptr<arrow::io::InputStream> compressed,
    arrow::Compression::type compression, std::string name) {
  ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(compression));
  ARROW_ASSIGN_OR_RAISE(auto content, arrow::io::CompressedInputStream::Make(
                                          codec.get(), std::move(compressed)));
  return std::make_shared<DecompressedStream>(std::move(content), std::move(name));
}

Result<std::shared_ptr<arrow::io::OutputStream>> compress(
    std::shared_ptr<arrow::io::OutputStream> output,
    arrow::Compression::type compression) {
  ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(compression));
  return arrow::io::CompressedOutputStream::Make(codec.get(), std::move(output));
}

}  // namespace velo::storage
