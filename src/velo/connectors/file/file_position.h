#pragma once

/// Where a reader is in a file, and that it is still the same file.

#include <cstdint>
#include <string>

#include "velo/error.h"
#include "velo/position.h"

namespace velo::file {

/// The name of a file's split: its path, with what is not printable UTF-8, and the
/// percent sign, percent-encoded.
SplitId split_of_path(const std::string& path);
std::string path_of_split(const SplitId& split);

/// What tells a file from another of the same name.
struct FileVersion {
  uint64_t num_bytes = 0;
  uint64_t modified = 0;  ///< nanoseconds since 1970
  bool operator==(const FileVersion&) const = default;

  /// Errors: kNotFound, kPermissionDenied.
  static Result<FileVersion> of(const std::string& path);
};

/// A position in a file, as bytes: three unsigned 64-bit numbers, big-endian: rows before
/// it, the file's size, its time of modification.
struct FilePosition {
  uint64_t next_row = 0;
  FileVersion version;

  Position encode() const;
  /// Errors: kCorruptData.
  static Result<FilePosition> decode(const Position& position);
};

}  // namespace velo::file
