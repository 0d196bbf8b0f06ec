#pragma once

/// An object of S3, read.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/storage/s3_bucket.h"

namespace velo::storage {

/// Read() takes the object in one request, which is begun again where the connection was
/// lost; ReadAt() is a request of its own. All bytes are of the ETag that it was opened
/// with. Threads: ReadAt() is safe, the rest thread-compatible. Errors: kPositionLost
/// where the object has changed.
class S3Input : public arrow::io::RandomAccessFile {
 public:
  /// Every read ends soon after `stop` was requested.
  S3Input(std::shared_ptr<S3Bucket> bucket, S3Object object, std::stop_token stop)
      : bucket_(std::move(bucket)), object_(std::move(object)), stop_(std::move(stop)) {}

  Result<int64_t> Read(int64_t num_bytes, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override;
  Result<int64_t> ReadAt(int64_t position, int64_t num_bytes, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position,
                                                int64_t num_bytes) override;
  Result<int64_t> GetSize() override { return size(); }
  Result<int64_t> Tell() const override { return position_; }
  Status Seek(int64_t position) override;
  Status Close() override;
  bool closed() const override { return closed_; }

 private:
  int64_t size() const { return static_cast<int64_t>(object_.num_bytes); }
  Status read_more();
  Status start();
  Status explain(const Status& status) const;

  const std::shared_ptr<S3Bucket> bucket_;
  const S3Object object_;
  const std::stop_token stop_;
  std::unique_ptr<http::Client> stream_;
  std::string_view bytes_;  // of stream_, not given out yet
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace velo::storage
