#pragma once

/// Files of this machine: opened for reading, or staged aside and published by a rename.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>

#include "velo/error.h"

namespace velo::storage {

/// Whether there is a pipe or a device at a path, whose bytes come in order and once:
/// DescriptorInput reads it.
bool is_pipe(const std::string& path);

/// Open a file for reading.
/// Errors: kNotFound, kPermissionDenied, kInvalidArgument (a directory, a pipe), kSystem.
Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_local_file(
    const std::string& path);

/// A file in the making. Its bytes are invisible until publish() has renamed it to its
/// path in one step; until then it has no name where the file system allows that
/// (O_TMPFILE), else a hidden one beside the path. A target that is not a regular file (a
/// pipe, a device) is written directly. Threads: thread-compatible. Destruction without
/// publish() removes it.
class StagedFile : public arrow::io::OutputStream {
 public:
  /// Start a file that will become `path`, in a directory that exists. An existing file
  /// keeps its mode; symbolic links are followed, also one to a file that is not there.
  /// Errors: kNotFound (no such directory), kPermissionDenied, kInvalidArgument, kSystem.
  static Result<std::shared_ptr<StagedFile>> create(const std::string& path);

  ~StagedFile() override;

  /// Append bytes. Errors: kSystem (disk full: nothing is left behind).
  Status Write(const void* data, int64_t num_bytes) override;
  using arrow::io::Writable::Write;
  Status Flush() override { return Status::OK(); }
  Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }
  /// End writing. Does not publish.
  Status Close() override;

  /// Make the bytes durable and give them their name, replacing what has it.
  /// Errors: kSystem, kPermissionDenied; the path is then as it was before.
  Status publish();

  /// Remove what was staged. Does nothing after publish().
  void discard() noexcept;

 private:
  explicit StagedFile(std::string path) : path_(std::move(path)) {}

  Status open();
  Status link_to_name();
  void start_writeback();

  std::string path_;         // where it will be
  std::string staged_path_;  // the hidden name, empty while there is none
  int file_descriptor_ = -1;
  int64_t position_ = 0;
  int64_t writeback_position_ = 0;  // the disk was told of the bytes before it
  bool direct_ = false;             // not a regular file: nothing to stage
  bool closed_ = false;
  bool published_ = false;
};

}  // namespace velo::storage
