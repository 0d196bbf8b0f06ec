#pragma once

/// The memory that a column grows in before it becomes an Arrow array. Appending is a
/// store and a compare; a validity bitmap exists only once there is a null.

#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "velo/error.h"

namespace velo::formats {

/// Bytes that grow and are then handed over. Threads: thread-compatible.
class ColumnBuffer {
 public:
  uint8_t* data() const { return data_; }
  int64_t capacity_bytes() const { return capacity_; }

  /// Have room for so many bytes; what is there stays.
  /// Errors: kSystem (no memory).
  Status grow(int64_t bytes) {
    if (bytes <= capacity_) return Status::OK();
    const int64_t wanted =
        std::max({bytes, capacity_ * 2, first_capacity_, int64_t{1024}});
    if (buffer_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(wanted));
    } else {
      ARROW_RETURN_NOT_OK(buffer_->Resize(wanted, /*shrink_to_fit=*/false));
    }
    data_ = buffer_->mutable_data();
    capacity_ = buffer_->capacity();
    return Status::OK();
  }

  /// Hand over the first so many bytes. The next ones begin with about as much room, so
  /// that columns of like batches grow once. Errors: kSystem (no memory).
  Result<std::shared_ptr<arrow::Buffer>> finish(int64_t bytes) {
    ARROW_RETURN_NOT_OK(grow(std::max<int64_t>(bytes, 1)));
    ARROW_RETURN_NOT_OK(buffer_->Resize(bytes, /*shrink_to_fit=*/false));
    first_capacity_ = bytes + bytes / 8 + 64;
    data_ = nullptr;
    capacity_ = 0;
    return std::shared_ptr<arrow::Buffer>(std::exchange(buffer_, nullptr));
  }

 private:
  std::shared_ptr<arrow::ResizableBuffer> buffer_;
  uint8_t* data_ = nullptr;
  int64_t capacity_ = 0;
  int64_t first_capacity_ = 0;
};

/// Which rows of a column are null. A row that is not told of is not null.
/// Threads: thread-compatible.
class Validity {
 public:
  /// Row `row` is null. Errors: kSystem (no memory).
  Status add_null(int64_t row) {
    const int64_t bytes = arrow::bit_util::BytesForBits(row + 1);
    if (bytes > filled_) {
      ARROW_RETURN_NOT_OK(bits_.grow(bytes));
      const int64_t filled = bits_.capacity_bytes();
      std::memset(bits_.data() + filled_, 0xFF, static_cast<size_t>(filled - filled_));
      filled_ = filled;
    }
    arrow::bit_util::ClearBit(bits_.data(), row);
    ++num_nulls_;
    return Status::OK();
  }

  int64_t num_nulls() const { return num_nulls_; }

  /// Forget what was said of rows from `num_rows` on, of `old_num_rows` so far.
  void truncate(int64_t num_rows, int64_t old_num_rows) {
    const int64_t end = std::min(old_num_rows, filled_ * 8);
    for (int64_t row = num_rows; row < end; ++row) {
      if (arrow::bit_util::GetBit(bits_.data(), row)) continue;
      arrow::bit_util::SetBit(bits_.data(), row);
      --num_nulls_;
    }
  }

  /// The bitmap of so many rows, nullptr where none is null; begins anew.
  Result<std::shared_ptr<arrow::Buffer>> finish(int64_t num_rows) {
    if (num_nulls_ == 0) return std::shared_ptr<arrow::Buffer>();
    const int64_t bytes = arrow::bit_util::BytesForBits(num_rows);
    const int64_t old = std::min(filled_, bytes);
    ARROW_RETURN_NOT_OK(bits_.grow(bytes));
    std::memset(bits_.data() + old, 0xFF, static_cast<size_t>(bytes - old));
    clear();
    return bits_.finish(bytes);
  }

  void clear() {
    num_nulls_ = 0;
    filled_ = 0;
  }

 private:
  ColumnBuffer bits_;
  int64_t filled_ = 0;  // bytes that have been set
  int64_t num_nulls_ = 0;
};

}  // namespace velo::formats
