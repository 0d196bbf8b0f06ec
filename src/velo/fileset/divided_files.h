#pragma once

/// Large files, divided into parts that are read side by side.

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/fileset/earlier_parts.h"
#include "velo/fileset/opener.h"
#include "velo/fileset/part_stream.h"

namespace velo::fileset {

/// Knows the splits of the files of one source, and the bytes of those that are parts. A
/// file is divided where its format can find a record from anywhere, nothing compresses
/// it, and it is larger than `part_bytes=`; one that an earlier run has begun stays cut
/// as it was then. Threads: safe, but for go_on_from().
class DividedFiles {
 public:
  explicit DividedFiles(const Opener& opener) : opener_(opener) {}

  /// See CutSource::go_on_from. Before all else.
  void go_on_from(const Positions& earlier);

  /// The splits of a file. Errors: those of looking at it; kCorruptData of what was said
  /// to go_on_from().
  Result<std::vector<SplitId>> splits_of(const std::string& path);

  /// Whether earlier runs have read what is not among these files: then it cannot be read
  /// to its end. Errors: kPositionLost, naming the file.
  Status check_none_is_gone(const std::vector<std::string>& paths) const;

  /// What earlier runs have read of a file; nullptr for nothing.
  const EarlierFile* earlier(const SplitId& file) const;

  /// Check that a file whose parts are read is the one that splits_of() has cut: the
  /// parts of two would lack records, or have some twice. Errors: kPositionLost.
  Status check_is_the_same(const SplitId& file, const FileVersion& now) const;

  /// The bytes of a part. Lives no longer than this. Errors: as Opener::input_of.
  Result<formats::Input> input_of(const std::string& path, const FileVersion& version,
                                  const FilePart& part, const std::stop_token& stop);

 private:
  using File = std::shared_ptr<arrow::io::RandomAccessFile>;
  using Finder = std::shared_ptr<formats::RecordFinder>;
  struct VersionOfFile {
    std::string path;
    FileVersion version;
  };
  // A file's path and version, in one.
  using Key = std::string;

  Result<uint64_t> part_bytes_of(const std::string& path, const FileVersion& version);
  Result<Finder> finder_of(const VersionOfFile& of, const File& file);
  Result<int64_t> lines_before(const VersionOfFile& of, int64_t offset);
  static Key key_of(const VersionOfFile& of);

  const Opener opener_;
  std::map<SplitId, EarlierFile> earlier_;
  Status earlier_status_;

  mutable std::mutex cut_mutex_;
  std::map<SplitId, FileVersion> cut_;  // guarded by cut_mutex_; the files with parts

  std::mutex finders_mutex_;
  std::map<Key, Finder> finders_;  // guarded by finders_mutex_; nullptr: it is read whole
  std::mutex lines_mutex_;
  // Guarded by lines_mutex_. The newlines before offsets.
  std::map<Key, std::map<int64_t, int64_t>> lines_;
};

}  // namespace velo::fileset
