#pragma once

/// Where a reader is in a file, and that it is still the same file.

#include <cstdint>
#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/position.h"

namespace velo::fileset {

/// The name of a file's split: its path, with what is not printable UTF-8, and the
/// percent sign, percent-encoded.
SplitId split_of_path(const std::string& path);
std::string path_of_split(const SplitId& split);

/// What tells a file from another of the same name.
struct FileVersion {
  uint64_t num_bytes = 0;
  std::string mark;  ///< what else its store says: a time of modification, an ETag
  bool operator==(const FileVersion&) const = default;
};

/// A position in a file, as bytes: two unsigned 64-bit numbers, big-endian; then the
/// mark. The first is the reading's number in its upper 16 bits and the records before
/// the position in the lower 48, the second the file's size.
struct FilePosition {
  uint64_t next_record = 0;  ///< rows and bad records before it
  FileVersion version;
  /// How often the file was begun anew since it was first read (OnChanged::kReread), so
  /// that what is read later has greater positions.
  uint16_t num_rereads = 0;

  Position encode() const;
  /// Errors: kCorruptData.
  static Result<FilePosition> decode(const Position& position);
};

/// "record 12 of a file of 345 bytes", counted from 0; empty for what is no such
/// position.
std::string describe_position(std::string_view source, const Position& position);

}  // namespace velo::fileset
