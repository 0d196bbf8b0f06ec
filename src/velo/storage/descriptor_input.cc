#include "velo/storage/descriptor_input.h"

#include <arrow/buffer.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "velo/base/system_error.h"

namespace velo::storage {
namespace {

constexpr int kWaitMilliseconds = 100;

}  // namespace

Result<std::shared_ptr<DescriptorInput>> DescriptorInput::open(const std::string& path) {
  // Else open(2) would wait for a writer, and no stop would end that.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return errno_error(errno, "read it", path);
  auto input = std::make_shared<DescriptorInput>(descriptor, path);
  input->is_owned_ = true;
  return input;
}

DescriptorInput::~DescriptorInput() {
  if (is_owned_) ::close(descriptor_);
}

Status DescriptorInput::wait() const {
  struct pollfd descriptor = {.fd = descriptor_, .events = POLLIN, .revents = 0};
  while (!stop_.stop_requested()) {
    // A pipe that no writer has opened yet is not ready; one that all have left is.
    const int num_ready = ::poll(&descriptor, 1, kWaitMilliseconds);
    if (num_ready > 0) return Status::OK();
    if (num_ready < 0 && errno != EINTR) return errno_error(errno, "read it", name_);
  }
  return make_error(ErrorKind::kCancelled, {.resource = name_}, "stopped");
}

Result<int64_t> DescriptorInput::Read(int64_t num_bytes, void* out) {
  int64_t num_read = 0;
  while (num_read < num_bytes && !at_end_) {
    ARROW_RETURN_NOT_OK(wait());
    const ssize_t more = ::read(descriptor_, static_cast<char*>(out) + num_read,
                                static_cast<size_t>(num_bytes - num_read));
    if (more < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (more < 0) return errno_error(errno, "read it", name_);
    at_end_ = more == 0;
    num_read += more;
    position_ += more;
  }
  return num_read;
}

Result<std::shared_ptr<arrow::Buffer>> DescriptorInput::Read(int64_t num_bytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(num_bytes));
  ARROW_ASSIGN_OR_RAISE(const int64_t num_read, Read(num_bytes, buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(num_read, /*shrink_to_fit=*/false));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

Status DescriptorInput::Close() {
  closed_ = true;
  return Status::OK();
}

}  // namespace velo::storage
