#include "velo/storage/local_file.h"

#include <arrow/io/file.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <utility>

#include "velo/base/system_error.h"

namespace velo::storage {
namespace {

namespace fs = std::filesystem;

// Most bytes handed to one write(2); the kernel takes no more than 2 GiB at once.
constexpr int64_t kMaxWriteBytes = int64_t{1} << 30;

// The disk is put to work after so many bytes, so that publish() has few to wait for.
constexpr int64_t kWritebackBytes = int64_t{8} << 20;

fs::path directory_of(const std::string& path) {
  fs::path directory = fs::path(path).parent_path();
  return directory.empty() ? fs::path(".") : directory;
}

std::string hidden_name_beside(const std::string& path) {
  std::random_device random;
  const uint64_t number = (uint64_t{random()} << 32) | random();
  const fs::path target(path);
  return (directory_of(path) / fmt::format(".{}.{:016x}.velo",
                                           target.filename().string().substr(0, 200),
                                           number))
      .string();
}

bool comes_in_order(const struct stat& info) {
  return S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode);
}

// What the symbolic links at a path lead to, which may not be there yet.
Result<std::string> behind_links(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as Linux
  fs::path target = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code error;
    const fs::path next = fs::read_symlink(target, error);
    if (error) return target.string();
    target = target.parent_path() / next;
  }
  return errno_error(ELOOP, "write it", path);
}

mode_t current_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

}  // namespace

bool is_pipe(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && comes_in_order(info);
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_local_file(
    const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno_error(errno, "read it", path);
  if (S_ISDIR(info.st_mode)) return errno_error(EISDIR, "read it as a file", path);
  if (comes_in_order(info)) {
    return make_error(ErrorKind::kInvalidArgument, {.resource = path},
                      "a pipe is not read as one of several files: name it alone");
  }
  auto file = arrow::io::ReadableFile::Open(path);
  if (!file.ok()) return with_system_kind(file.status(), "read it", path);
  return std::shared_ptr<arrow::io::RandomAccessFile>(*std::move(file));
}

Result<std::shared_ptr<StagedFile>> StagedFile::create(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(std::string target, behind_links(path));
  std::shared_ptr<StagedFile> file(new StagedFile(std::move(target)));
  ARROW_RETURN_NOT_OK(file->open());
  return file;
}

Status StagedFile::open() {
  struct stat info {};
  const bool exists = ::stat(path_.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return errno_error(EISDIR, "write it", path_);
  if (exists && !S_ISREG(info.st_mode)) {
    direct_ = true;
    file_descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file_descriptor_ < 0) return errno_error(errno, "write it", path_);
    return Status::OK();
  }
  if (exists && ::access(path_.c_str(), W_OK) != 0) {
    return errno_error(errno, "write it", path_);
  }
  const mode_t mode = exists ? info.st_mode & 07777 : 0666 & ~current_umask();
  const std::string directory = directory_of(path_).string();
  file_descriptor_ = ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (file_descriptor_ < 0) {
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
      return errno_error(errno, "write into its directory", path_);
    }
    staged_path_ = hidden_name_beside(path_);
    file_descriptor_ =
        ::open(staged_path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file_descriptor_ < 0) {
      const int number = std::exchange(errno, 0);
      staged_path_.clear();
      return errno_error(number, "write into its directory", path_);
    }
  }
  if (::fchmod(file_descriptor_, mode) != 0) return errno_error(errno, "write it", path_);
  return Status::OK();
}

StagedFile::~StagedFile() { discard(); }

Status StagedFile::Write(const void* data, int64_t num_bytes) {
  const char* next = static_cast<const char*>(data);
  const char* end = next + num_bytes;
  while (next < end) {
    const auto size = static_cast<size_t>(std::min<int64_t>(end - next, kMaxWriteBytes));
    const ssize_t written = ::write(file_descriptor_, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return annotate(errno_error(errno, "write it", path_),
                      fmt::format("after {} bytes", position_));
    }
    next += written;
    position_ += written;
  }
  start_writeback();
  return Status::OK();
}

void StagedFile::start_writeback() {
  if (direct_ || position_ - writeback_position_ < kWritebackBytes) return;
  // Only a hint: what goes wrong is told by fsync().
  ::sync_file_range(file_descriptor_, writeback_position_,
                    position_ - writeback_position_, SYNC_FILE_RANGE_WRITE);
  writeback_position_ = position_;
}

Status StagedFile::Close() {
  closed_ = true;
  return Status::OK();
}

Status StagedFile::link_to_name() {
  std::string name = hidden_name_beside(path_);
  const std::string self = fmt::format("/proc/self/fd/{}", file_descriptor_);
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return errno_error(errno, "write into its directory", path_);
  }
  staged_path_ = std::move(name);
  return Status::OK();
}

Status StagedFile::publish() {
  if (published_) return Status::OK();
  closed_ = true;
  if (!direct_) {
    if (::fsync(file_descriptor_) != 0) return errno_error(errno, "write it", path_);
    if (staged_path_.empty()) ARROW_RETURN_NOT_OK(link_to_name());
    if (::rename(staged_path_.c_str(), path_.c_str()) != 0) {
      return errno_error(errno, "rename the finished file to it", path_);
    }
    staged_path_.clear();
    const int directory =
        ::open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      ::fsync(directory);  // the name itself; a file system without it has nothing better
      ::close(directory);
    }
  }
  published_ = true;
  if (::close(std::exchange(file_descriptor_, -1)) != 0 && direct_) {
    return errno_error(errno, "write it", path_);
  }
  return Status::OK();
}

void StagedFile::discard() noexcept {
  closed_ = true;
  if (file_descriptor_ >= 0) ::close(std::exchange(file_descriptor_, -1));
  if (!staged_path_.empty()) ::unlink(std::exchange(staged_path_, {}).c_str());
}

}  // namespace velo::storage
