#include "velo/storage/replay_input.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>

namespace velo::storage {

Result<int64_t> ReplayInput::Read(int64_t num_bytes, void* out) {
  auto* next = static_cast<char*>(out);
  const auto num_kept = static_cast<int64_t>(kept_.size());
  int64_t num_replayed = 0;
  if (position_ < num_kept) {
    num_replayed = std::min(num_bytes, num_kept - position_);
    std::memcpy(next, kept_.data() + position_, static_cast<size_t>(num_replayed));
    position_ += num_replayed;
  }
  if (!keeping_ && position_ >= num_kept) kept_ = std::string();
  if (num_replayed == num_bytes) return num_bytes;
  ARROW_ASSIGN_OR_RAISE(const int64_t num_read,
                        input_->Read(num_bytes - num_replayed, next + num_replayed));
  if (keeping_) kept_.append(next + num_replayed, static_cast<size_t>(num_read));
  position_ += num_read;
  return num_replayed + num_read;
}

Result<std::shared_ptr<arrow::Buffer>> ReplayInput::Read(int64_t num_bytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(num_bytes));
  ARROW_ASSIGN_OR_RAISE(const int64_t num_read, Read(num_bytes, buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(num_read, /*shrink_to_fit=*/false));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

}  // namespace velo::storage
