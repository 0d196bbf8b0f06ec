#pragma once

/// Where the values of each row begin in a child column, as Arrow's lists keep it.

#include <arrow/buffer.h>

#include <cstdint>
#include <memory>

#include "velo/formats/column_buffer.h"
#include "velo/formats/json/cursor.h"

namespace velo::formats::json {

/// Threads: thread-compatible.
template <typename Offset>
class Offsets {
 public:
  /// The values of this row begin at `begin`. False: no memory.
  bool add(Cursor& cursor, int64_t row, int64_t begin) {
    const Status status = buffer_.grow((row + 1) * kWidth);
    if (!status.ok()) return cursor.fail_status(status);
    reinterpret_cast<Offset*>(buffer_.data())[row] = static_cast<Offset>(begin);
    return true;
  }

  /// The offsets of so many rows, the last of which ends at `end`.
  /// Errors: kSystem (no memory).
  Result<std::shared_ptr<arrow::Buffer>> finish(int64_t num_rows, int64_t end) {
    ARROW_RETURN_NOT_OK(buffer_.grow((num_rows + 1) * kWidth));
    reinterpret_cast<Offset*>(buffer_.data())[num_rows] = static_cast<Offset>(end);
    return buffer_.finish((num_rows + 1) * kWidth);
  }

 private:
  static constexpr auto kWidth = static_cast<int64_t>(sizeof(Offset));
  ColumnBuffer buffer_;
};

}  // namespace velo::formats::json
