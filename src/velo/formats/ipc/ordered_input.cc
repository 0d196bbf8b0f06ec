#include "velo/formats/ipc/ordered_input.h"

#include <arrow/buffer.h>

#include <algorithm>

namespace velo::formats {
namespace {

// As much is allocated before any of it was seen.
constexpr int64_t kTrustedBytes = int64_t{16} << 20;

}  // namespace

Result<int64_t> OrderedInput::Read(int64_t num_bytes, void* out) {
  auto* next = static_cast<char*>(out);
  int64_t num_given = 0;
  const auto num_kept = static_cast<int64_t>(kept_.size());
  if (position_ < num_kept) {
    num_given = std::min(num_bytes, num_kept - position_);
    std::copy_n(kept_.data() + position_, num_given, next);
    position_ += num_given;
  }
  if (!keeping_ && position_ >= num_kept) kept_ = std::string();
  if (num_given == num_bytes) return num_given;
  ARROW_ASSIGN_OR_RAISE(const int64_t num_read,
                        bytes_->Read(num_bytes - num_given, next + num_given));
  if (keeping_) kept_.append(next + num_given, static_cast<size_t>(num_read));
  position_ += num_read;
  num_given += num_read;
  has_ended_ = num_given < num_bytes;
  return num_given;
}

Result<std::shared_ptr<arrow::Buffer>> OrderedInput::Read(int64_t num_bytes) {
  ARROW_ASSIGN_OR_RAISE(
      auto buffer, arrow::AllocateResizableBuffer(std::min(num_bytes, kTrustedBytes)));
  int64_t num_read = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const int64_t more, Read(buffer->size() - num_read,
                                                   buffer->mutable_data() + num_read));
    num_read += more;
    if (num_read < buffer->size() || num_read == num_bytes) break;
    ARROW_RETURN_NOT_OK(buffer->Resize(std::min(num_bytes, buffer->size() * 4)));
  }
  ARROW_RETURN_NOT_OK(buffer->Resize(num_read, /*shrink_to_fit=*/false));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

}  // namespace velo::formats
