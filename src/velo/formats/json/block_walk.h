#pragma once

/// Goes over the records of one block, and says what stopped it.

#include <cstdint>
#include <utility>

#include "velo/formats/json/cursor.h"
#include "velo/formats/json/failure_report.h"
#include "velo/formats/json/record_walker.h"

namespace velo::formats::json {

/// Threads: thread-compatible.
class BlockWalk {
 public:
  explicit BlockWalk(FileFacts file) : file_(std::move(file)) {}

  const FileFacts& file() const { return file_; }
  Cursor& cursor() { return cursor_; }

  /// Begin with a block. False (without a failure) when it is not well-formed token by
  /// token, see explain_refusal().
  Result<bool> start(const Block& block) {
    record_ = -1;
    return cursor_.start(block.text, block.size);
  }

  /// Call `on_record` for each record that follows, the cursor being at its '{'; it steps
  /// over the record, or returns false. False when it did, or when what stands between
  /// records cannot stand there.
  template <typename OnRecord>
  bool walk(RecordWalker& walker, OnRecord on_record) {
    for (;;) {
      record_ = -1;
      switch (walker.next(cursor_)) {
        case RecordWalker::Step::kEndOfBlock:
          return true;
        case RecordWalker::Step::kFailed:
          return false;
        case RecordWalker::Step::kRecord:
          record_ = cursor_.offset();
          if (!on_record(cursor_)) return false;
      }
    }
  }

  /// Where the record at hand begins in its block, -1 between records.
  int64_t record() const { return record_; }

  /// Whether the block ended where the walk needed more.
  bool failed_at_end() const { return cursor_.failure().at_end; }

  /// What stopped the walk.
  Status failure(const Block& block) const {
    return report(file_, block, cursor_.failure(), record_);
  }

  /// Why start() did not accept the block: the first thing wrong in it, which may be what
  /// `on_record` says of a record before the text at fault.
  template <typename OnRecord>
  Status explain_refusal(const Block& block, RecordWalker walker, OnRecord on_record) {
    const BadText bad = find_bad_text(block);
    const uint8_t behind = std::exchange(block.text[bad.good_bytes], uint8_t{0});
    const Result<bool> accepted = cursor_.start(block.text, bad.good_bytes);
    const bool failed_before = accepted.ok() && *accepted && !walk(walker, on_record) &&
                               !cursor_.failure().at_end;
    block.text[bad.good_bytes] = behind;
    ARROW_RETURN_NOT_OK(accepted);
    return report(file_, block, failed_before ? cursor_.failure() : bad.failure, record_);
  }

 private:
  const FileFacts file_;
  Cursor cursor_;
  int64_t record_ = -1;
};

}  // namespace velo::formats::json
