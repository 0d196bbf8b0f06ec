#pragma once

/// The parts that a large file is read in, each a split of its own.

#include <cstdint>
#include <optional>
#include <vector>

#include "velo/position.h"

namespace velo::fileset {

/// The records of a file that begin in a stretch of it.
struct FilePart {
  uint64_t begin = 0;
  uint64_t num_bytes = 0;

  uint64_t end() const { return begin + num_bytes; }
  bool operator==(const FilePart&) const = default;
};

/// A file's split, or a part's.
struct FileSplit {
  SplitId file;                  ///< split_of_path() of the file
  std::optional<FilePart> part;  ///< nullopt: all of the file

  bool operator==(const FileSplit&) const = default;
};

/// The name of a split: "/data/big.ndjson%from=134217728+67108864" of a part, its file's
/// name else. In commit records: what is written so is always read so.
SplitId name_of(const FileSplit& split);
FileSplit parse_file_split(const SplitId& name);

/// The parts of a file, each of so many bytes, also the last: together they have all of
/// its records.
std::vector<FilePart> cut_into_parts(uint64_t num_bytes, uint64_t part_bytes);

/// How long the parts are of a file of so many bytes: as long as is wanted, or longer, so
/// that there are 1024 at most.
uint64_t part_bytes_for(uint64_t num_bytes, uint64_t wanted);

}  // namespace velo::fileset
