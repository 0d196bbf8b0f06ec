#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <utility>

namespace velo::formats {

/// The bytes of a file in their order, by ReadAt(): whoever reads the file itself is not
/// disturbed. Threads: thread-compatible.
class FileStream : public arrow::io::InputStream {
 public:
  explicit FileStream(std::shared_ptr<arrow::io::RandomAccessFile> file)
      : file_(std::move(file)) {}

  arrow::Result<int64_t> Read(int64_t num_bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t num_read, file_->ReadAt(at_, num_bytes, out));
    at_ += num_read;
    return num_read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto bytes, file_->ReadAt(at_, num_bytes));
    at_ += bytes->size();
    return bytes;
  }
  arrow::Result<int64_t> Tell() const override { return at_; }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }

 private:
  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
  int64_t at_ = 0;
};

}  // namespace velo::formats
