#pragma once

#include <arrow/record_batch.h>

#include <algorithm>
#include <cstdint>
#include <memory>

namespace velo {

/// Rows that were read before, and come again where a split is read from its beginning.
/// Threads: thread-compatible.
class RowsToSkip {
 public:
  explicit RowsToSkip(uint64_t num_rows = 0) : num_rows_(num_rows) {}

  /// What is left of `rows` without those that are to be skipped; null where nothing is.
  std::shared_ptr<arrow::RecordBatch> rest_of(std::shared_ptr<arrow::RecordBatch> rows) {
    const auto num_rows = static_cast<uint64_t>(rows->num_rows());
    const uint64_t skipped = std::min(num_rows_, num_rows);
    num_rows_ -= skipped;
    if (skipped == num_rows) return nullptr;
    return skipped == 0 ? rows : rows->Slice(static_cast<int64_t>(skipped));
  }

 private:
  uint64_t num_rows_;
};

}  // namespace velo
