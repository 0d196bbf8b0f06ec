#pragma once

/// The bytes of an Arrow IPC stream, as they come.

#include <arrow/io/interfaces.h>

#include <memory>
#include <string>

#include "velo/error.h"

namespace velo::formats {

/// Gives the first bytes once more, and knows whether the stream was at its end when it
/// was last asked. Holds no more than there is, whatever length a broken message tells.
/// Threads: thread-compatible.
class OrderedInput : public arrow::io::InputStream {
 public:
  explicit OrderedInput(std::shared_ptr<arrow::io::InputStream> bytes)
      : bytes_(std::move(bytes)) {}

  /// Go back to `position`. Not after stop_keeping().
  void go_back(int64_t position) { position_ = position; }

  /// Keep no more bytes; those kept are given once more and then forgotten.
  void stop_keeping() { keeping_ = false; }

  /// Whether fewer bytes were there than were asked for.
  bool has_ended() const { return has_ended_; }

  Result<int64_t> Read(int64_t num_bytes, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override;
  Result<int64_t> Tell() const override { return position_; }
  Status Close() override { return bytes_->Close(); }
  bool closed() const override { return bytes_->closed(); }

 private:
  const std::shared_ptr<arrow::io::InputStream> bytes_;
  std::string kept_;  // the first bytes
  bool keeping_ = true;
  bool has_ended_ = false;
  int64_t position_ = 0;
};

}  // namespace velo::formats
