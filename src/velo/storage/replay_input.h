#pragma once

/// A stream that can be read again from its beginning for a while, over one that cannot.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>

#include "velo/error.h"

namespace velo::storage {

/// Keeps what is read, so that rewind() can give it once more: columns are inferred from
/// the first bytes and then the rows are read from the same bytes. Memory: what was read
/// before stop_keeping(), and no more. Threads: thread-compatible.
class ReplayInput : public arrow::io::InputStream {
 public:
  explicit ReplayInput(std::shared_ptr<arrow::io::InputStream> input)
      : input_(std::move(input)) {}

  /// Go back to the beginning. Not after stop_keeping().
  void rewind() { position_ = 0; }

  /// Keep no more bytes; those kept are given once more and then forgotten.
  void stop_keeping() { keeping_ = false; }

  /// Errors: those of the stream below.
  Result<int64_t> Read(int64_t num_bytes, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override;
  Result<int64_t> Tell() const override { return position_; }
  Status Close() override { return Status::OK(); }
  bool closed() const override { return false; }

 private:
  const std::shared_ptr<arrow::io::InputStream> input_;
  std::string kept_;  // the first bytes of input_
  int64_t position_ = 0;
  bool keeping_ = true;
};

}  // namespace velo::storage
