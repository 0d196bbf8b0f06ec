#pragma once

/// A new file of this machine, being written.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>

#include "velo/error.h"

namespace velo::storage {

/// Threads: thread-compatible. Destruction closes the file as it is.
class LocalOutput : public arrow::io::OutputStream {
 public:
  /// Make a file that must not be there; messages call it `shown`. Errors:
  /// kAlreadyExists, kNotFound (no such directory), kPermissionDenied, kSystem.
  static Result<std::shared_ptr<LocalOutput>> create(const std::string& path,
                                                     const std::string& shown);
  static Result<std::shared_ptr<LocalOutput>> create(const std::string& path) {
    return create(path, path);
  }

  ~LocalOutput() override;

  /// Append bytes. Errors: kSystem (disk full …).
  Status Write(const void* data, int64_t num_bytes) override;
  using arrow::io::Writable::Write;
  Status Flush() override { return Status::OK(); }
  Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }
  /// End writing. Does not make it durable.
  Status Close() override;

  /// Make the bytes durable and give the descriptor back. The name is made durable by
  /// sync_directory(). Errors: kSystem: the file is of no use then.
  Status sync_and_close();

 protected:
  /// Write into a file that is open; messages call it `shown`.
  LocalOutput(std::string shown, int file_descriptor)
      : shown_(std::move(shown)), file_descriptor_(file_descriptor) {}

  const std::string& shown() const { return shown_; }
  /// Of the open file; -1 once it is closed.
  int file_descriptor() const { return file_descriptor_; }
  /// Give the descriptor back; does nothing when it was. Errors: kSystem.
  Status close_descriptor();

 private:
  void start_writeback();

  const std::string shown_;
  int file_descriptor_;
  int64_t position_ = 0;
  int64_t writeback_position_ = 0;  // the disk was told of the bytes before it
  bool closed_ = false;
};

}  // namespace velo::storage
