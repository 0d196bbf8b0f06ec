#include "velo/storage/local_directory.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "velo/base/system_error.h"

namespace velo::storage {
namespace {

namespace fs = std::filesystem;

Result<bool> unlink_for_good(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return true;
  return errno_error(errno, "remove it", path);
}

// A kill between link and unlink leaves both names.
Result<bool> drop_second_name(const std::string& from, const std::string& to) {
  struct stat old_name {};
  struct stat new_name {};
  if (::lstat(from.c_str(), &old_name) != 0 || ::lstat(to.c_str(), &new_name) != 0 ||
      old_name.st_dev != new_name.st_dev || old_name.st_ino != new_name.st_ino) {
    return false;
  }
  return unlink_for_good(from);
}

// link(2) fails where the name is taken, also on file systems without RENAME_NOREPLACE.
Result<bool> link_then_unlink(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return unlink_for_good(from);
  if (errno == EEXIST) return drop_second_name(from, to);
  return errno_error(errno, "give it its name", from);
}

// Another process may remove an empty directory between two steps of ours.
constexpr int kMaxAttempts = 20;

Result<std::vector<std::string>> make_missing(const std::string& path) {
  std::vector<std::string> missing;
  std::error_code error;
  std::string level = path;
  for (; !fs::exists(level, error) && level != "."; level = parent_directory(level)) {
    missing.insert(missing.begin(), level);
  }
  if (!fs::is_directory(level, error))
    return errno_error(ENOTDIR, "write into it", level);
  for (const std::string& next : missing) {
    if (!fs::create_directory(next, error) && error) {
      return errno_error(error.value(), "make the directory", next);
    }
    ARROW_RETURN_NOT_OK(sync_directory(parent_directory(next)));
  }
  return missing;
}

}  // namespace

std::string parent_directory(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

Result<std::vector<std::string>> make_directories(const std::string& path) {
  std::string last = path;
  while (last.ends_with('/') && last.size() > 1) last.pop_back();
  for (int attempts_left = kMaxAttempts;; --attempts_left) {
    auto made = make_missing(last);
    const bool may_help = !made.ok() && kind_of(made.status()) == ErrorKind::kNotFound;
    if (!may_help || attempts_left == 0) return made;
  }
}

Status sync_directory(const std::string& path, const std::string& shown) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno_error(errno, "open the directory", shown);
  const int outcome = ::fsync(directory) == 0 ? 0 : errno;
  ::close(directory);
  // A file system that cannot do it has nothing better.
  if (outcome == 0 || outcome == EINVAL) return Status::OK();
  return errno_error(outcome, "make the names in the directory durable", shown);
}

Result<std::vector<std::string>> names_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(path, error);
  if (error.value() == ENOENT) return names;
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return errno_error(error.value(), "list it", path);
  return names;
}

Status check_rename(const std::string& from, const std::string& to) {
  struct stat source {};
  if (::stat(from.c_str(), &source) != 0)
    return errno_error(errno, "write into it", from);
  std::string level = to;
  while (level.ends_with('/') && level.size() > 1) level.pop_back();
  struct stat target {};
  while (::stat(level.c_str(), &target) != 0) {
    if (errno != ENOENT || level == "." || level == "/") {
      return errno_error(errno, "write into it", level);
    }
    level = parent_directory(level);
  }
  if (!S_ISDIR(target.st_mode)) return errno_error(ENOTDIR, "write into it", level);
  if (target.st_dev == source.st_dev) return Status::OK();
  return make_error(ErrorKind::kInvalidArgument, {.resource = level},
                    "this directory is on another file system than the one above it, so "
                    "that files cannot appear in it in one step; write into it directly");
}

Result<bool> rename_to_free_name(const std::string& from, const std::string& to) {
  if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                RENAME_NOREPLACE) == 0) {
    return true;
  }
  if (errno == EEXIST) return drop_second_name(from, to);
  if (errno == EINVAL || errno == ENOSYS) return link_then_unlink(from, to);
  return errno_error(errno, "give it its name", from);
}

}  // namespace velo::storage
