#include "velo/storage/s3_input.h"

#include <arrow/buffer.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace velo::storage {
namespace {

// Connections that are lost one after the other without a byte between them.
constexpr int kMaxLosses = 5;

template <typename ReadInto>
Result<std::shared_ptr<arrow::Buffer>> read_into_buffer(int64_t num_bytes,
                                                        const ReadInto& read_into) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(num_bytes));
  ARROW_ASSIGN_OR_RAISE(const int64_t num_read, read_into(buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(num_read));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

}  // namespace

Result<int64_t> S3Input::Read(int64_t num_bytes, void* out) {
  auto* next = static_cast<char*>(out);
  int64_t left = std::min(num_bytes, size() - position_);
  const int64_t num_wanted = left;
  while (left > 0) {
    if (bytes_.empty()) ARROW_RETURN_NOT_OK(explain(read_more()));
    const size_t taken = std::min(bytes_.size(), static_cast<size_t>(left));
    std::memcpy(next, bytes_.data(), taken);
    bytes_.remove_prefix(taken);
    next += taken;
    left -= static_cast<int64_t>(taken);
    position_ += static_cast<int64_t>(taken);
  }
  return num_wanted;
}

// Until there is a byte at least.
Status S3Input::read_more() {
  for (int num_lost = 0;; ++num_lost) {
    if (!stream_) ARROW_RETURN_NOT_OK(start());
    auto bytes = stream_->read(stop_);
    if (bytes.ok() && bytes->empty()) {
      bytes = make_error(
          ErrorKind::kTransient, bucket_->client().context(object_.key),
          fmt::format("the object ends at byte {}, and should at {}", position_, size()));
    }
    if (bytes.ok()) {
      // More than there is cannot be of this object.
      bytes_ = bytes->substr(0, static_cast<size_t>(size() - position_));
      return Status::OK();
    }
    stream_.reset();
    if (!is_retryable(bytes.status()) || num_lost == kMaxLosses) return bytes.status();
  }
}

Status S3Input::start() {
  const S3Request request{.key = object_.key,
                          .headers = {{"Range", fmt::format("bytes={}-", position_)},
                                      {"If-Match", object_.etag}}};
  ARROW_ASSIGN_OR_RAISE(stream_, bucket_->client().start(request, stop_));
  if (stream_->status() == 206 || position_ == 0) return Status::OK();
  return make_error(ErrorKind::kCorruptData, bucket_->client().context(object_.key),
                    "the store sends the whole object instead of its end");
}

Status S3Input::explain(const Status& status) const {
  if (status.ok() || kind_of(status) != ErrorKind::kConflict) return status;
  return make_error(ErrorKind::kPositionLost, bucket_->client().context(object_.key),
                    "the object has changed while it was read; put the old one back, or "
                    "begin anew under another name");
}

Result<std::shared_ptr<arrow::Buffer>> S3Input::Read(int64_t num_bytes) {
  return read_into_buffer(std::min(num_bytes, size() - position_),
                          [&](uint8_t* out) { return Read(num_bytes, out); });
}

Result<int64_t> S3Input::ReadAt(int64_t position, int64_t num_bytes, void* out) {
  const int64_t num_wanted = std::clamp(size() - position, int64_t{0}, num_bytes);
  const auto num_read = bucket_->get_range(
      object_.key, object_.etag, position,
      {static_cast<char*>(out), static_cast<size_t>(num_wanted)}, stop_);
  if (!num_read.ok()) return explain(num_read.status());
  if (*num_read == num_wanted) return num_wanted;
  return make_error(
      ErrorKind::kTransient, bucket_->client().context(object_.key),
      fmt::format("{} bytes came of {} at byte {}", *num_read, num_wanted, position));
}

Result<std::shared_ptr<arrow::Buffer>> S3Input::ReadAt(int64_t position,
                                                       int64_t num_bytes) {
  const int64_t num_wanted = std::clamp(size() - position, int64_t{0}, num_bytes);
  return read_into_buffer(num_wanted,
                          [&](uint8_t* out) { return ReadAt(position, num_bytes, out); });
}

Status S3Input::Seek(int64_t position) {
  if (position != position_) {
    stream_.reset();
    bytes_ = {};
  }
  position_ = std::clamp(position, int64_t{0}, size());
  return Status::OK();
}

Status S3Input::Close() {
  closed_ = true;
  stream_.reset();
  bytes_ = {};
  return Status::OK();
}

}  // namespace velo::storage
