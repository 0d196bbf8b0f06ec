#pragma once

/// The files of tables, by their locations: "file:///data/lake/…", a bare path,
/// "s3://bucket/lake/…".

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/iceberg/storage_settings.h"
#include "velo/error.h"

namespace velo::iceberg {

/// Threads: safe. Errors: kNotFound, kPermissionDenied, kTransient … naming
/// the location.
class FileIo {
 public:
  virtual ~FileIo() = default;

  /// Let calls that are given no stop, and files that are begun from now on, end soon
  /// after this one was requested, with kCancelled.
  virtual void set_stop(const std::stop_token& stop) = 0;

  /// Open a file for reading. A read ends soon after `stop` was requested.
  virtual Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(
      const std::string& location, std::stop_token stop) = 0;

  /// Begin a file whose name nothing has, which holds about so many bytes until they are
  /// sent, or as many as the store needs. It is there, whole and durable, when its
  /// Close() has returned OK; Abort(), or destruction before that, drops it.
  virtual Result<std::shared_ptr<arrow::io::OutputStream>> create(
      const std::string& location, int64_t memory_bytes) = 0;

  /// Remove a file; one that is not there is passed over.
  virtual Status remove(const std::string& location) = 0;

  /// The locations of the files in a directory whose names begin with `prefix`.
  virtual Result<std::vector<std::string>> list(const std::string& directory,
                                                const std::string& prefix) = 0;
};

/// What reaches the files at a location and below it. `asked` is what the user has said
/// of how, and goes before `told`, what the catalog says. Errors: kNotImplemented for a
/// scheme that is not known.
Result<std::unique_ptr<FileIo>> open_file_io(const std::string& location,
                                             const StorageSettings& asked,
                                             const StorageSettings& told);

/// Read a whole file, of so many bytes at most. Errors: also kCorruptData for a larger
/// one.
Result<std::string> read_file(FileIo& files, const std::string& location,
                              int64_t max_bytes);

/// Write a whole file.
Status write_file(FileIo& files, const std::string& location, std::string_view bytes);

/// A location's path on this machine, where it is there.
std::string_view local_path_of(std::string_view location);

}  // namespace velo::iceberg
