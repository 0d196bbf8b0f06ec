#include "velo/connectors/stdio/descriptor_output.h"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "velo/base/system_error.h"

namespace velo::stdio {
namespace {

constexpr int kWaitMilliseconds = 100;
constexpr size_t kGatherBytes = size_t{64} << 10;
constexpr size_t kMaxWriteBytes = size_t{1} << 30;
constexpr char kName[] = "standard output";

bool can_block(int descriptor) {
  struct stat info {};
  return ::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode);
}

Status write_error(int number) {
  if (number == EPIPE) {
    return make_error(ErrorKind::kCancelled,
                      {.connector = "stdout", .resource = kName, .vendor_code = "EPIPE"},
                      "its reader has gone");
  }
  return errno_error(number, "write it", kName);
}

}  // namespace

DescriptorOutput::DescriptorOutput(int descriptor)
    : descriptor_(descriptor), can_block_(can_block(descriptor)) {}

Status DescriptorOutput::Write(const void* data, int64_t num_bytes) {
  if (!error_.ok()) return error_;
  const auto size = static_cast<size_t>(num_bytes);
  position_ += num_bytes;
  if (gathered_.size() + size < kGatherBytes) {
    gathered_.append(static_cast<const char*>(data), size);
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(Flush());
  return error_ = write_out(static_cast<const char*>(data), size);
}

Status DescriptorOutput::Flush() {
  if (!error_.ok()) return error_;
  error_ = write_out(gathered_.data(), gathered_.size());
  gathered_.clear();
  return error_;
}

Status DescriptorOutput::write_out(const char* data, size_t num_bytes) {
  while (num_bytes > 0) {
    if (can_block_) ARROW_RETURN_NOT_OK(wait());
    // A pipe that is ready takes PIPE_BUF bytes without blocking (poll(2), pipe(7)).
    const size_t piece = std::min(num_bytes, can_block_ ? PIPE_BUF : kMaxWriteBytes);
    const ssize_t written = ::write(descriptor_, data, piece);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written < 0) return write_error(errno);
    data += written;
    num_bytes -= static_cast<size_t>(written);
    bytes_written_ += written;
  }
  return Status::OK();
}

Status DescriptorOutput::wait() const {
  struct pollfd descriptor = {.fd = descriptor_, .events = POLLOUT, .revents = 0};
  while (!stop_.stop_requested()) {
    const int num_ready = ::poll(&descriptor, 1, kWaitMilliseconds);
    if (num_ready > 0) return Status::OK();
    if (num_ready < 0 && errno != EINTR) return write_error(errno);
  }
  return make_error(ErrorKind::kCancelled, {.connector = "stdout", .resource = kName},
                    "stopped");
}

Status DescriptorOutput::Close() {
  if (closed_) return error_;
  closed_ = true;
  return Flush();
}

void DescriptorOutput::discard() noexcept {
  gathered_.clear();
  closed_ = true;
}

}  // namespace velo::stdio
