#pragma once

/// Bytes from an open file descriptor: standard input.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <stop_token>

#include "velo/error.h"

namespace velo::stdio {

/// Reads a descriptor to its end; does not close it.
/// Threads: thread-compatible.
class DescriptorInput : public arrow::io::InputStream {
 public:
  explicit DescriptorInput(int descriptor) : descriptor_(descriptor) {}

  /// End a wait for bytes when `stop` is requested: the read then fails with kCancelled.
  void set_stop(std::stop_token stop) { stop_ = std::move(stop); }

  /// Read `num_bytes`, fewer only at the end: waits for all of them.
  /// Errors: kCancelled, kSystem.
  Result<int64_t> Read(int64_t num_bytes, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override;
  Result<int64_t> Tell() const override { return position_; }
  Status Close() override;
  bool closed() const override { return closed_; }

 private:
  Status wait() const;

  const int descriptor_;
  std::stop_token stop_;
  int64_t position_ = 0;
  bool at_end_ = false;  // a terminal would be asked again
  bool closed_ = false;
};

}  // namespace velo::stdio
