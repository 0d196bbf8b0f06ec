#pragma once

/// One file that may grow while it is read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "velo/error.h"
#include "velo/formats/record_limit.h"
#include "velo/position.h"

namespace velo::file {

/// The name of a watched file's split: what stays the same when the file is renamed, and
/// no later file has: its inode and the time of its making, or its device where the file
/// system keeps no such time. Errors: kNotFound, kPermissionDenied.
Result<SplitId> split_of_watched(const std::string& path);

/// How far a file is read, as bytes: two unsigned 64-bit numbers, big-endian: the bytes
/// before it, all of them whole lines; and a hash of the first of those, 4 KiB at most.
struct WatchedPosition {
  uint64_t num_bytes = 0;
  uint64_t beginning = 0;

  Position encode() const;
  /// Of the line that begins behind so many bytes, where only its place among others
  /// counts: BadRecord::position.
  static Position behind_line_at(uint64_t num_bytes);
  /// Errors: kCorruptData.
  static Result<WatchedPosition> decode(const Position& position);
};

/// A line that has more bytes than may be.
struct LargeLine {
  uint64_t begin = 0;  ///< the bytes before it
  std::string bytes;   ///< the first of it
};

/// Which lines are read.
struct LineLimit {
  int64_t max_bytes = formats::kMaxRecordBytes;
  bool passes_larger = false;  ///< instead of failing with them
};

/// Reads whole lines, however the last one grows. Threads: thread-compatible.
class WatchedFile {
 public:
  /// Open the file of a split; nullopt where `path` is another file by now.
  /// Errors: kNotFound, kPermissionDenied, kSystem; kPositionLost where `from` is set and
  /// what was read is not there as it was.
  static Result<std::optional<WatchedFile>> open(
      const SplitId& split, const std::string& path,
      const std::optional<WatchedPosition>& from);

  WatchedFile(WatchedFile&& other) noexcept;
  WatchedFile& operator=(WatchedFile&&) = delete;
  ~WatchedFile();

  /// To be called before read_lines().
  void set_limit(const LineLimit& limit) { limit_ = limit; }

  /// The lines that follow, about `num_bytes` of them; empty where there is no whole one
  /// yet, and where one was passed. Errors: kPositionLost where what was read is not
  /// there as it was; kCorruptData for a line that is too large; kSystem.
  Result<std::string> read_lines(int64_t num_bytes);

  /// The line that read_lines() has just passed, which was too large.
  std::optional<LargeLine> take_large_line() {
    return std::exchange(large_line_, std::nullopt);
  }

  /// What is wrong with a line that is too large.
  Status too_large(uint64_t begin) const;

  /// The position after the lines that were read.
  WatchedPosition position() const;

  /// Read no further than the file reaches now.
  Status end_here();

  /// Bytes that read_lines() has still to return, whole lines or not. Errors: kSystem.
  Result<uint64_t> num_unread() const;

  /// Whether the file has no name any more, so that nothing can be appended by name.
  bool is_removed() const;

  const SplitId& split() const { return split_; }
  const std::string& path() const { return path_; }

 private:
  WatchedFile(SplitId split, std::string path, int descriptor)
      : split_(std::move(split)), path_(std::move(path)), descriptor_(descriptor) {}

  Status pass_line(uint64_t end, std::string_view beginning);
  void note_beginning(std::string_view bytes);
  Status go_to(const WatchedPosition& from);
  Result<uint64_t> size() const;
  Status shorter(uint64_t size) const;
  Status is_another() const;
  /// Check that what was read is there as it was: that it begins as it did, and ends
  /// where a line does. Errors: kPositionLost.
  Status check_unchanged() const;
  /// Fill `out` with bytes from `offset`, fewer only at the end of the file.
  Status read_at(uint64_t offset, size_t num_bytes, std::string& out) const;

  SplitId split_;
  std::string path_;  // when it was opened
  int descriptor_;
  uint64_t offset_ = 0;          // of the lines that were read
  std::string beginning_;        // the first bytes of them
  std::optional<uint64_t> end_;  // of end_here()
  LineLimit limit_;
  uint64_t searched_ = 0;  // up to here for the end of a line that is too large
  std::optional<LargeLine> large_line_;
};

}  // namespace velo::file
