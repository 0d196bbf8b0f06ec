#include "velo/storage/local_file.h"

#include <arrow/io/file.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "velo/base/random_id.h"
#include "velo/base/system_error.h"
#include "velo/storage/local_directory.h"

namespace velo::storage {
namespace {

namespace fs = std::filesystem;

std::string hidden_name_beside(const std::string& path) {
  const std::string name = fs::path(path).filename().string().substr(0, 200);
  return fmt::format("{}/.{}.{}.velo", parent_directory(path), name, random_id());
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

// The file without a name, or with a hidden one, in the directory of `path`.
Result<std::pair<int, std::string>> open_staged(const std::string& path, mode_t mode) {
  const std::string directory = parent_directory(path);
  int file = ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
  if (file >= 0) return std::pair(file, std::string());
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
    return errno_error(errno, "write into its directory", path);
  }
  std::string hidden = hidden_name_beside(path);
  file = ::open(hidden.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);
  if (file < 0) return errno_error(errno, "write into its directory", path);
  return std::pair(file, std::move(hidden));
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
  ARROW_ASSIGN_OR_RAISE(Opened opened, open(target));
  return std::shared_ptr<StagedFile>(
      new StagedFile(std::move(target), std::move(opened)));
}

Result<StagedFile::Opened> StagedFile::open(const std::string& path) {
  struct stat info {};
  const bool exists = ::stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return errno_error(EISDIR, "write it", path);
  if (exists && !S_ISREG(info.st_mode)) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return errno_error(errno, "write it", path);
    return Opened{.file_descriptor = file, .direct = true};
  }
  if (exists && ::access(path.c_str(), W_OK) != 0) {
    return errno_error(errno, "write it", path);
  }
  // Nobody reads it before it has the mode of the one that it replaces.
  ARROW_ASSIGN_OR_RAISE(auto staged, open_staged(path, exists ? 0600 : 0666));
  if (exists && ::fchmod(staged.first, info.st_mode & 07777) != 0) {
    const int number = errno;
    ::close(staged.first);
    if (!staged.second.empty()) ::unlink(staged.second.c_str());
    return errno_error(number, "write it", path);
  }
  return Opened{.file_descriptor = staged.first, .staged_path = std::move(staged.second)};
}

StagedFile::~StagedFile() { discard(); }

Status StagedFile::link_to_name() {
  std::string name = hidden_name_beside(path_);
  const std::string self = fmt::format("/proc/self/fd/{}", file_descriptor());
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return errno_error(errno, "write into its directory", path_);
  }
  staged_path_ = std::move(name);
  return Status::OK();
}

Status StagedFile::publish() {
  if (published_) return Status::OK();
  if (file_descriptor() < 0) {
    return make_error(ErrorKind::kCancelled, {.resource = path_}, "it was discarded");
  }
  if (direct_) {
    published_ = true;
    return close_descriptor();
  }
  if (staged_path_.empty()) ARROW_RETURN_NOT_OK(link_to_name());
  ARROW_RETURN_NOT_OK(sync_and_close());
  if (::rename(staged_path_.c_str(), path_.c_str()) != 0) {
    return errno_error(errno, "rename the finished file to it", path_);
  }
  staged_path_.clear();
  published_ = true;
  const Status synced = sync_directory(parent_directory(path_));
  // Who may write into a directory may be kept from reading it: nothing to sync it by.
  return kind_of(synced) == ErrorKind::kPermissionDenied ? Status::OK() : synced;
}

void StagedFile::discard() noexcept {
  (void)close_descriptor();
  if (!staged_path_.empty()) ::unlink(std::exchange(staged_path_, {}).c_str());
}

}  // namespace velo::storage
