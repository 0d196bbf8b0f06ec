#pragma once

/// A new object of S3, being written in parts.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/storage/s3_bucket.h"

namespace velo::storage {

/// Bytes into an upload, which nobody sees before it is completed. Threads:
/// thread-compatible. Destruction leaves the upload as it is.
class S3Output : public arrow::io::OutputStream {
 public:
  /// The least that S3 takes for a part that is not the last, and what suits it.
  static constexpr int64_t kLeastPartBytes = int64_t{5} << 20;
  static constexpr int64_t kPartBytes = int64_t{8} << 20;

  /// Begin an upload. `token` is what S3Bucket::head() will tell of the object. Writing
  /// ends soon after `*stop` was requested, as it is then. Parts have about
  /// `memory_bytes`, kPartBytes at most and kLeastPartBytes at least; they double after
  /// each thousand.
  /// Errors: kInvalidArgument where the bucket's rules abort uploads within two days: one
  /// that was decided on would be lost to a long outage.
  static Result<std::shared_ptr<S3Output>> create(
      std::shared_ptr<S3Bucket> bucket, std::string key, const std::string& token,
      std::shared_ptr<const std::stop_token> stop, int64_t memory_bytes = kPartBytes);

  /// Errors, here and of finish(): kFenced where somebody has aborted the upload.
  Status Write(const void* data, int64_t num_bytes) override;
  using arrow::io::Writable::Write;
  /// The same, of a whole part, where nothing waits to be sent: it is not copied.
  Status write_part(std::string bytes);
  Status Flush() override { return Status::OK(); }
  Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }
  /// End writing. Does not send what is left.
  Status Close() override;

  /// Of the part that was not sent yet.
  int64_t held_bytes() const { return static_cast<int64_t>(part_.size()); }

  /// Send the last part: all bytes are durable.
  Status finish();

  /// Make the object of what was sent, by finish().
  Status complete() const { return bucket_->complete_upload(upload_, part_etags_); }

  /// Remove what was sent.
  void discard() noexcept;

  const S3Upload& upload() const { return upload_; }
  const std::vector<std::string>& part_etags() const { return part_etags_; }

 private:
  S3Output(std::shared_ptr<S3Bucket> bucket, S3Upload upload,
           std::shared_ptr<const std::stop_token> stop, size_t first_part_bytes)
      : bucket_(std::move(bucket)),
        upload_(std::move(upload)),
        stop_(std::move(stop)),
        first_part_bytes_(first_part_bytes) {}

  size_t part_bytes() const;
  Status send_part();
  Status explain(const Status& status) const;

  const std::shared_ptr<S3Bucket> bucket_;
  const S3Upload upload_;
  const std::shared_ptr<const std::stop_token> stop_;
  const size_t first_part_bytes_;
  std::string part_;  // the next one
  std::vector<std::string> part_etags_;
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace velo::storage
