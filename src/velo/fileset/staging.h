#pragma once

/// Where the files of an epoch are written before they have their names.

#include <arrow/io/interfaces.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/check.h"
#include "velo/commit.h"
#include "velo/error.h"
#include "velo/storage/manifest.h"
#include "velo/storage/manifest_store.h"

namespace velo::fileset {

/// A file being staged. Threads: thread-compatible. Destruction without discard() leaves
/// it: a commit may want it.
class StagedOutput {
 public:
  virtual ~StagedOutput() = default;

  /// Takes the file's bytes. Lives as long as this, or until finish().
  virtual const std::shared_ptr<arrow::io::OutputStream>& bytes() const = 0;

  /// Bytes that wait to be sent.
  virtual int64_t held_bytes() const { return 0; }

  /// Make the bytes durable, give back what the writing took, and add to `entry` what a
  /// commit finds the file by.
  virtual Status finish(storage::ManifestFile& entry) = 0;

  /// Remove it.
  virtual void discard() noexcept = 0;
};

/// Threads: thread-compatible.
class StagingArea {
 public:
  virtual ~StagingArea() = default;

  /// End what waits for a system elsewhere soon after `stop` was requested: it then fails
  /// with kCancelled. Holds for all that was created too.
  virtual void set_stop(const std::stop_token&) {}

  /// Have each file that is created from now on hold about so many bytes at most.
  virtual void limit_memory(int64_t bytes_per_file) { (void)bytes_per_file; }

  /// Start the file that `entry` names: staged as `entry.staged`, to be at `entry.path`.
  virtual Result<std::unique_ptr<StagedOutput>> create(
      const storage::ManifestFile& entry) = 0;

  /// Make what was staged findable after a crash.
  virtual Status sync() = 0;
};

/// A pipeline's record in a directory, and a way to stage files for it.
struct DirectoryRecord {
  std::function<Result<bool>()> exists;  ///< whether the pipeline has written here before
  std::unique_ptr<storage::ManifestStore> store;
  /// Opens a staging area; to be called when `store` is open, which outlives it.
  std::function<std::unique_ptr<StagingArea>()> open_staging;
};

/// A directory, or a prefix of keys, that files are written below. Threads:
/// thread-compatible.
class Directory {
 public:
  virtual ~Directory() = default;

  virtual Result<DirectoryRecord> open_record(const std::string& pipeline) = 0;

  /// The pipelines that have a record here (_velo/PIPELINE/) and whose ids begin with
  /// `prefix`, in their order.
  virtual Result<std::vector<std::string>> list_records(const std::string& prefix,
                                                        std::stop_token stop) = 0;

  /// The paths below the directory of the files in it and in its partitions
  /// ("country=NL/"), hidden ones and `_velo/` left out.
  virtual Result<std::vector<std::string>> list() = 0;

  /// See DataSink::check.
  virtual void check(CheckReport& report, const std::stop_token& stop) = 0;

  /// How messages call it, with a slash at its end.
  virtual const std::string& shown() const = 0;
};

}  // namespace velo::fileset
