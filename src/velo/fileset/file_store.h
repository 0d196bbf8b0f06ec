#pragma once

/// Where the files of a source are kept.

#include <arrow/io/interfaces.h>

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/fileset/file_position.h"

namespace velo::fileset {

/// A file system, a bucket. Threads: safe.
class FileStore {
 public:
  virtual ~FileStore() = default;

  /// Have what takes no stop of its own, or one that nobody can request, end soon after
  /// this one was requested.
  virtual void set_stop(std::stop_token stop) { (void)stop; }

  /// List the paths of the files that the source's address means, sorted; one at least.
  /// Errors: kNotFound when there is none, saying what was looked for.
  virtual Result<std::vector<std::string>> list() = 0;

  /// Errors: kNotFound, kPermissionDenied …
  virtual Result<FileVersion> version_of(const std::string& path) = 0;

  /// Open a file; what is read is of this version, or fails where the store can tell.
  /// A read ends soon after `stop` was requested. Errors: as version_of().
  virtual Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(
      const std::string& path, const FileVersion& version, std::stop_token stop) = 0;

  /// A path's name as a split, the same from wherever the source is opened; and back.
  virtual SplitId split_of(const std::string& path) const = 0;
  virtual std::string path_of(const SplitId& split) const = 0;

  /// How messages call a file.
  virtual std::string shown(const std::string& path) const = 0;
};

}  // namespace velo::fileset
