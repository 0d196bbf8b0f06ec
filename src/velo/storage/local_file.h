#pragma once

/// Files of this machine: opened for reading, or staged aside and published by a rename.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>

#include "velo/error.h"
#include "velo/storage/local_output.h"

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
class StagedFile : public LocalOutput {
 public:
  /// Start a file that will become `path`, in a directory that exists. An existing file
  /// keeps its mode; symbolic links are followed, also one to a file that is not there.
  /// Errors: kNotFound (no such directory), kPermissionDenied, kInvalidArgument, kSystem.
  static Result<std::shared_ptr<StagedFile>> create(const std::string& path);

  ~StagedFile() override;

  /// Make the bytes durable and give them their name, replacing what has it.
  /// Errors: kSystem, kPermissionDenied; the path is then as it was before, but where the
  /// message says that the names in its directory are in doubt.
  Status publish();

  /// Remove what was staged. Does nothing after publish().
  void discard() noexcept;

 private:
  struct Opened {
    int file_descriptor;
    std::string staged_path;  // the hidden name, empty while there is none
    bool direct = false;      // not a regular file: nothing to stage
  };
  static Result<Opened> open(const std::string& path);

  StagedFile(std::string path, Opened opened)
      : LocalOutput(path, opened.file_descriptor),
        path_(std::move(path)),
        staged_path_(std::move(opened.staged_path)),
        direct_(opened.direct) {}

  Status link_to_name();

  const std::string path_;  // where it will be
  std::string staged_path_;
  const bool direct_;
  bool published_ = false;
};

}  // namespace velo::storage
