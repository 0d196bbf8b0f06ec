#pragma once

/// Cuts a stream of bytes into blocks that a record parser eats from the front.

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "velo/error.h"
#include "velo/formats/format.h"

namespace velo::formats {

/// Holds the bytes that are read and not consumed yet, and knows where in the input they
/// stand. Threads: thread-compatible.
class BlockReader {
 public:
  /// Read about `block_bytes` at a time; one record may be `max_record_bytes` long.
  BlockReader(Input input, int64_t block_bytes, int64_t max_record_bytes)
      : input_(std::move(input)),
        block_bytes_(block_bytes),
        max_record_bytes_(max_record_bytes),
        offset_(input_.part ? input_.part->offset : 0) {}

  /// Read more. The bytes already held are kept, in front.
  /// Errors: kSystem; kCorruptData when compressed data is broken, or when more than a
  /// record's most bytes are held already.
  Status fill();

  /// Whether more than a record's most bytes are held.
  bool is_full() const {
    return static_cast<int64_t>(bytes().size()) > max_record_bytes_;
  }

  /// Find out whether the input ends here, where it looks so, and that does not wait for
  /// whoever writes it. Errors: as fill().
  Status look_for_end();

  /// Drop all that is held, and read the next bytes. Errors: as fill().
  Status replace();

  /// What is held. Valid until the next fill() or consume().
  std::string_view bytes() const {
    return std::string_view(buffer_).substr(begin_, buffer_.size() - begin_);
  }

  /// Drop bytes from the front, counting their lines.
  void consume(size_t num_bytes);

  /// Whether the input has no bytes beyond those held.
  bool at_end() const { return at_end_; }

  int64_t offset() const { return offset_; }  ///< of bytes(), in the decompressed file
  /// The 1-based line that bytes() begins in. For messages: of a part of a file, all that
  /// is before it is read for this.
  int64_t line() const;
  const std::string& name() const { return input_.name; }

 private:
  Input input_;
  const int64_t block_bytes_;
  const int64_t max_record_bytes_;
  std::string buffer_;
  size_t begin_ = 0;
  int64_t offset_;
  int64_t line_ = 1;  // of the part
  bool at_end_ = false;
  bool was_short_ = false;  // the last read: at the end, or there was no more yet
};

}  // namespace velo::formats
