#include "velo/storage/local_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "velo/base/system_error.h"

namespace velo::storage {
namespace {

// Most bytes handed to one write(2); the kernel takes no more than 2 GiB at once.
constexpr int64_t kMaxWriteBytes = int64_t{1} << 30;

// The disk is put to work after so many bytes, so that fsync() has few to wait for.
constexpr int64_t kWritebackBytes = int64_t{8} << 20;

}  // namespace

Result<std::shared_ptr<LocalOutput>> LocalOutput::create(const std::string& path,
                                                         const std::string& shown) {
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (file < 0) return errno_error(errno, "write it", shown);
  return std::shared_ptr<LocalOutput>(new LocalOutput(shown, file));
}

LocalOutput::~LocalOutput() { (void)close_descriptor(); }

Status LocalOutput::Write(const void* data, int64_t num_bytes) {
  const char* next = static_cast<const char*>(data);
  const char* end = next + num_bytes;
  while (next < end) {
    const auto size = static_cast<size_t>(std::min<int64_t>(end - next, kMaxWriteBytes));
    const ssize_t written = ::write(file_descriptor_, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return annotate(errno_error(errno, "write it", shown_),
                      fmt::format("after {} bytes", position_));
    }
    next += written;
    position_ += written;
  }
  start_writeback();
  return Status::OK();
}

void LocalOutput::start_writeback() {
  if (position_ - writeback_position_ < kWritebackBytes) return;
  // Only a hint: what goes wrong is told by fsync().
  ::sync_file_range(file_descriptor_, writeback_position_,
                    position_ - writeback_position_, SYNC_FILE_RANGE_WRITE);
  writeback_position_ = position_;
}

Status LocalOutput::Close() {
  closed_ = true;
  return Status::OK();
}

Status LocalOutput::sync_and_close() {
  if (file_descriptor_ < 0) return Status::OK();
  // Never tried again on the same descriptor: the kernel forgets what it could not write.
  const int outcome = ::fsync(file_descriptor_) == 0 ? 0 : errno;
  const Status closing = close_descriptor();
  return outcome == 0 ? closing : errno_error(outcome, "write it", shown_);
}

Status LocalOutput::close_descriptor() {
  closed_ = true;
  if (file_descriptor_ < 0) return Status::OK();
  if (::close(std::exchange(file_descriptor_, -1)) == 0) return Status::OK();
  return errno_error(errno, "write it", shown_);
}

}  // namespace velo::storage
