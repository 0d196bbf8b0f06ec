#pragma once

/// Cuts a stream of JSON into blocks of whole records.

#include <cstdint>
#include <memory>
#include <vector>

#include "velo/formats/format.h"
#include "velo/formats/json/structural_index.h"

namespace velo::formats::json {

/// How the records of a file follow each other.
enum class Framing : int8_t {
  kSequence,  ///< one behind the other, with or without space or newlines between
  kArray,     ///< elements of one array that is the whole file
};

/// Some bytes of the file. Behind them are kPadding more, the first of them zero.
struct Block {
  uint8_t* text = nullptr;
  int64_t size = 0;
  int64_t offset = 0;      ///< of the first byte in the file, from 0
  int64_t line = 1;        ///< of the first byte, from 1 where the input begins
  bool last = false;       ///< the file ends here
  bool too_large = false;  ///< no record ended within max_record_bytes
  bool is_line = false;    ///< a line of a block, looked at alone
};

struct CutterOptions {
  int64_t block_bytes = int64_t{1} << 20;
  int64_t max_record_bytes = int64_t{64} << 20;
  /// Cut at newlines to the end where the file is one of lines, whatever they hold.
  bool keeps_to_lines = false;
};

/// Whether a line that begins so looks like the middle of a record, when the line before
/// it has left one open: indented, or with what may not begin a record.
bool goes_on_with_record(uint8_t first_byte);

/// Follows brackets and strings through bytes that come piece by piece, to learn where
/// records end. Looks at nothing else. Threads: thread-compatible.
class RecordScanner {
 public:
  explicit RecordScanner(Framing framing) : base_(framing == Framing::kArray ? 1 : 0) {}

  /// Go on over text[from, to); `from` is where the previous call ended.
  /// The end of the last record that ended there, or -1. What cannot be part of a record,
  /// a number between records, counts as one: whoever reads it will refuse it.
  int64_t scan(const uint8_t* text, int64_t from, int64_t to) {
    return scan_for<false>(text, from, to);
  }

  /// The same, up to the first record that ends there.
  int64_t scan_one(const uint8_t* text, int64_t from, int64_t to) {
    return scan_for<true>(text, from, to);
  }

  /// Whether what was scanned ends between records.
  bool between_records() const { return depth_ <= base_ && !in_string_; }

 private:
  template <bool stops_at_first>
  int64_t scan_for(const uint8_t* text, int64_t from, int64_t to);

  int base_;  // the depth that records are at
  int64_t depth_ = 0;
  bool in_string_ = false;
  bool after_backslash_ = false;
};

/// Reads a stream in blocks that end where a record ends. Where every record has its
/// lines to itself it cuts at newlines, else it follows the brackets. Threads:
/// thread-compatible.
class RecordCutter {
 public:
  /// Read enough to know the framing: a part of a file that does not begin it is one of
  /// lines. A byte order mark is stepped over.
  /// Errors: those of the stream; kCorruptData for UTF-16.
  static Result<std::unique_ptr<RecordCutter>> make(Input input,
                                                    const CutterOptions& options);

  Framing framing() const { return framing_; }

  /// The next block, valid until the next call. The one after the last is empty, and
  /// last. Errors: those of the stream; kSystem (no memory).
  Result<Block> next();

  /// Whether blocks end where a line does.
  bool cuts_at_lines() const { return by_lines_; }

  /// Drop the block at hand, the beginning of a record that is too large, and the rest of
  /// that record: of its line, where blocks end with lines. Errors: those of the stream.
  Status skip_large_record();

  /// Whether the block at hand may end within a record, as it was cut at a newline.
  bool can_recut() const { return by_lines_ && !(ended_ && cut_ == size_); }

  /// The block at hand once more, for it does end within a record. From here on brackets
  /// are followed.
  Result<Block> recut();

 private:
  RecordCutter(Input input, const CutterOptions& options)
      : input_(std::move(input)), options_(options) {}

  Status detect_framing();
  Result<const uint8_t*> find_newline(int64_t from);
  Result<bool> is_list_in_a_line(int64_t first);
  Status detect_lines(int64_t first);
  Status read_more();
  Result<Block> cut();
  int64_t find_cut();
  int64_t find_end();
  void drop_cut();
  void follow_brackets();

  const Input input_;
  const CutterOptions options_;
  Framing framing_ = Framing::kSequence;
  bool by_lines_ = true;
  RecordScanner scanner_{Framing::kSequence};
  std::vector<uint8_t> buffer_;  // what was read and not yet dropped, and kPadding
  int64_t size_ = 0;             // of what was read
  int64_t scanned_ = 0;     // up to here the scanner, or the search for newlines, was
  int64_t cut_ = 0;         // end of the block at hand, which begins at 0
  uint8_t behind_cut_ = 0;  // the byte that the block's final zero stands on
  int64_t offset_ = input_.part ? input_.part->offset : 0;  // of the buffer in the file
  int64_t line_ = 1;  // counted from where the input begins
  bool ended_ = false;
};

}  // namespace velo::formats::json
