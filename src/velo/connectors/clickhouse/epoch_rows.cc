#include "velo/connectors/clickhouse/epoch_rows.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "velo/base/system_error.h"

namespace velo::clickhouse {
namespace {

std::string temporary_directory() {
  const char* directory = std::getenv("TMPDIR");
  return directory && *directory ? directory : "/tmp";
}

// A file that has no name from the beginning, or as soon as it is open.
int open_nameless(const std::string& directory) {
  const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
    return file;
  std::string path = directory + "/velo-XXXXXX";
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

}  // namespace

EpochRows::~EpochRows() {
  clear();
  if (file_ >= 0) ::close(file_);
}

Status EpochRows::open_file() {
  if (file_ >= 0) return Status::OK();
  file_ = open_nameless(temporary_directory());
  if (file_ >= 0) return Status::OK();
  return errno_error(errno, "keep rows in it until they are committed",
                     temporary_directory());
}

Status EpochRows::settle() {
  const auto in_memory = static_cast<int64_t>(bytes_.size());
  if (in_memory <= most_in_memory_) return Status::OK();
  ARROW_RETURN_NOT_OK(open_file());
  size_t written = 0;
  while (written < bytes_.size()) {
    const ssize_t size = ::pwrite(file_, bytes_.data() + written, bytes_.size() - written,
                                  in_file_ + static_cast<int64_t>(written));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      return errno_error(errno, "keep rows in it until they are committed",
                         temporary_directory());
    }
    written += static_cast<size_t>(size);
  }
  in_file_ += in_memory;
  bytes_ = std::string();
  return Status::OK();
}

void EpochRows::clear() {
  bytes_ = std::string();
  // What cannot be cut off is written over.
  if (std::exchange(in_file_, 0) > 0) (void)!::ftruncate(file_, 0);
}

class EpochRows::RowsBody : public http::Body {
 public:
  RowsBody(const EpochRows& rows, std::function<void()> at_half)
      : rows_(rows), at_half_(std::move(at_half)) {}

  Result<size_t> read(std::span<char> to) override {
    if (at_half_ && sent_ + static_cast<int64_t>(to.size()) >= rows_.num_bytes() / 2) {
      std::exchange(at_half_, nullptr)();
    }
    ARROW_ASSIGN_OR_RAISE(const size_t size, copy(to));
    sent_ += static_cast<int64_t>(size);
    return size;
  }

  std::optional<int64_t> num_bytes() const override { return rows_.num_bytes(); }

 private:
  Result<size_t> copy(std::span<char> to) {
    if (sent_ >= rows_.in_file_) {
      const auto begin = static_cast<size_t>(sent_ - rows_.in_file_);
      const size_t size = std::min(to.size(), rows_.bytes_.size() - begin);
      std::memcpy(to.data(), rows_.bytes_.data() + begin, size);
      return size;
    }
    const auto wanted = std::min(to.size(), static_cast<size_t>(rows_.in_file_ - sent_));
    const ssize_t size = ::pread(rows_.file_, to.data(), wanted, sent_);
    if (size > 0) return static_cast<size_t>(size);
    return errno_error(size < 0 ? errno : EIO, "read what was kept in it",
                       temporary_directory());
  }

  const EpochRows& rows_;
  std::function<void()> at_half_;
  int64_t sent_ = 0;
};

std::unique_ptr<http::Body> EpochRows::body(std::function<void()> at_half) const {
  return std::make_unique<RowsBody>(*this, std::move(at_half));
}

}  // namespace velo::clickhouse
