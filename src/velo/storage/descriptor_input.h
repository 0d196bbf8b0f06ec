#pragma once

/// Bytes that come in order from an open file descriptor: standard input, a pipe.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "velo/error.h"

namespace velo::storage {

/// Reads a descriptor to its end. Threads: thread-compatible.
class DescriptorInput : public arrow::io::InputStream {
 public:
  /// Read a descriptor that stays the caller's. `name` is for messages.
  DescriptorInput(int descriptor, std::string name)
      : descriptor_(descriptor), name_(std::move(name)) {}

  /// Open a pipe or a device by its path. Does not wait for a writer: the first read
  /// does. Closed with the object. Errors: kNotFound, kPermissionDenied, kSystem.
  static Result<std::shared_ptr<DescriptorInput>> open(const std::string& path);

  ~DescriptorInput() override;
  DescriptorInput(const DescriptorInput&) = delete;
  DescriptorInput& operator=(const DescriptorInput&) = delete;

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
  const std::string name_;
  bool is_owned_ = false;
  std::stop_token stop_;
  int64_t position_ = 0;
  bool at_end_ = false;  // a terminal would be asked again
  bool closed_ = false;
};

}  // namespace velo::storage
