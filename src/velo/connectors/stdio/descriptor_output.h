#pragma once

/// Bytes to an open file descriptor: standard output.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <stop_token>
#include <string>

#include "velo/error.h"

namespace velo::stdio {

/// Writes to a descriptor; does not close it. Small writes are gathered until Flush().
///
/// A reader that goes away ("| head") is an error of kind kCancelled whose vendor_code is
/// "EPIPE", provided that the process ignores SIGPIPE, which else ends it.
/// Threads: thread-compatible. After an error every later call returns it.
class DescriptorOutput : public arrow::io::OutputStream {
 public:
  explicit DescriptorOutput(int descriptor);

  /// End a wait for a slow reader when `stop` is requested: kCancelled.
  void set_stop(std::stop_token stop) { stop_ = std::move(stop); }

  /// Errors: kCancelled, kSystem (disk full).
  Status Write(const void* data, int64_t num_bytes) override;
  using arrow::io::Writable::Write;
  Status Flush() override;
  Result<int64_t> Tell() const override { return position_; }
  Status Close() override;
  bool closed() const override { return closed_; }

  /// Drop what is gathered; nothing can be written any more.
  void discard() noexcept;

  /// Bytes that the system has taken.
  int64_t bytes_written() const { return bytes_written_; }

 private:
  Status write_out(const char* data, size_t num_bytes);
  Status wait() const;

  const int descriptor_;
  const bool can_block_;  // a pipe, a terminal: not a file
  std::stop_token stop_;
  std::string gathered_;
  int64_t position_ = 0;
  int64_t bytes_written_ = 0;
  bool closed_ = false;
  Status error_;
};

}  // namespace velo::stdio
