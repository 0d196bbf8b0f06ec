#pragma once

/// What earlier runs have read of the files of a source.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "velo/error.h"
#include "velo/fileset/file_part.h"
#include "velo/fileset/file_position.h"

namespace velo::fileset {

/// Of one file, all of whose splits are cut alike, whenever they are read.
class EarlierFile {
 public:
  /// Errors: kCorruptData.
  Status add(const std::optional<FilePart>& part, const SplitProgress& progress);

  /// Whether it was read by one reader from its beginning to its end.
  bool was_whole() const { return part_bytes_ == 0; }
  uint64_t part_bytes() const { return part_bytes_; }
  /// Of the largest of the versions that were read.
  uint64_t num_bytes() const { return num_bytes_; }
  /// Whether nothing but this version was read.
  bool was_only(const FileVersion& version) const;
  /// Whether all parts were read to their ends.
  bool has_ended() const;

 private:
  uint64_t part_bytes_ = 0;
  uint64_t num_bytes_ = 0;
  std::vector<FileVersion> versions_;  // each once
  std::set<uint64_t> ended_;           // where the parts begin that have
};

/// By the splits of the files. Errors: kCorruptData.
Result<std::map<SplitId, EarlierFile>> earlier_files(const Positions& positions);

}  // namespace velo::fileset
