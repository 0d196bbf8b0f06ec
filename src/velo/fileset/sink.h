#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "velo/fileset/options.h"
#include "velo/fileset/staging.h"
#include "velo/sink.h"

namespace velo::fileset {

/// A file that appears whole, or not at all. Threads: thread-compatible. Destruction
/// without publish() is discard().
class PublishedOutput {
 public:
  virtual ~PublishedOutput() = default;

  /// Takes the file's bytes.
  virtual const std::shared_ptr<arrow::io::OutputStream>& bytes() const = 0;

  /// End what waits for a system elsewhere soon after `stop` was requested.
  virtual void set_stop(const std::stop_token&) {}

  /// Make the bytes durable and visible under the file's name, replacing what has it.
  virtual Status publish() = 0;

  /// Remove what was written. Does nothing after publish().
  virtual void discard() noexcept = 0;
};

/// One file's place. Threads: thread-compatible.
class SingleFile {
 public:
  virtual ~SingleFile() = default;

  /// Start writing it, in place of what is there. Errors: those that can be known before
  /// the first row.
  virtual Result<std::unique_ptr<PublishedOutput>> create() = 0;
  virtual Result<bool> exists() = 0;

  /// Have what is created from now on hold about so many bytes at most.
  virtual void limit_memory(int64_t num_bytes) { (void)num_bytes; }

  /// How messages call it; its extensions say what it is.
  virtual const std::string& shown() const = 0;
};

/// One file, which appears whole at the end.
std::unique_ptr<DataSink> make_single_file_sink(FilesetOptions options,
                                                std::shared_ptr<SingleFile> file);

/// A directory of files, with Hive-style partitions if asked.
std::unique_ptr<DataSink> make_directory_sink(FilesetOptions options,
                                              std::shared_ptr<Directory> directory);

}  // namespace velo::fileset
