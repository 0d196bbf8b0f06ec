#pragma once

/// What stands between records: nothing and space, or an array's brackets and commas.

#include <cstdint>
#include <string_view>

#include "velo/formats/json/cursor.h"
#include "velo/formats/json/record_cutter.h"

namespace velo::formats::json {

/// Steps from record to record over the blocks of one file, in order. A small value: a
/// copy of it goes over the same bytes again. Threads: thread-compatible.
class RecordWalker {
 public:
  enum class Step : int8_t { kRecord, kEndOfBlock, kFailed };

  explicit RecordWalker(Framing framing)
      : place_(framing == Framing::kArray ? Place::kBeforeArray : Place::kSequence) {}

  /// Go to the next record: the cursor stands on its '{'. The caller steps over the
  /// record before the next call.
  Step next(Cursor& cursor) {
    if (place_ == Place::kSequence && cursor.peek() == '{') return Step::kRecord;
    return next_uncommon(cursor);
  }

  /// Step over a record that `text` begins with, which is too large to be held, and what
  /// stands before it. The offset of its first byte; -1 where something else is there.
  int64_t skip_record(std::string_view text);

  /// Check that the file may end here, behind its last block. A failure is recorded.
  bool finish(Cursor& cursor) const;

 private:
  enum class Place : int8_t {
    kSequence,
    kBeforeArray,
    kFirstElement,
    kAfterComma,
    kAfterElement,
    kAfterArray
  };

  Step next_uncommon(Cursor& cursor);
  static Step element(Cursor& cursor);

  Place place_;
};

}  // namespace velo::formats::json
