#include "velo/fileset/part_stream.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <utility>

namespace velo::fileset {
namespace {

class PartStream : public arrow::io::InputStream {
 public:
  PartStream(std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t begin,
             int64_t end)
      : file_(std::move(file)), begin_(begin), end_(end) {}

  Result<int64_t> Read(int64_t num_bytes, void* out) override {
    ARROW_RETURN_NOT_OK(begin());
    ARROW_ASSIGN_OR_RAISE(const int64_t num_read,
                          file_->Read(std::min(num_bytes, end_ - position_), out));
    position_ += num_read;
    return num_read;
  }

  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override {
    ARROW_RETURN_NOT_OK(begin());
    ARROW_ASSIGN_OR_RAISE(auto buffer,
                          file_->Read(std::min(num_bytes, end_ - position_)));
    position_ += buffer->size();
    return buffer;
  }

  Result<int64_t> Tell() const override { return position_ - begin_; }
  Status Close() override { return file_->Close(); }
  bool closed() const override { return file_->closed(); }

 private:
  Status begin() {
    if (has_begun_) return Status::OK();
    has_begun_ = true;
    return file_->Seek(begin_);
  }

  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
  const int64_t begin_;
  const int64_t end_;
  int64_t position_ = begin_;
  bool has_begun_ = false;
};

}  // namespace

std::shared_ptr<arrow::io::InputStream> read_part(
    std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t begin, int64_t end) {
  return std::make_shared<PartStream>(std::move(file), begin, end);
}

}  // namespace velo::fileset
