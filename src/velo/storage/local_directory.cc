#include "velo/storage/local_directory.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "velo/base/system_error.h"

namespace velo::storage {
namespace {

namespace fs = std::filesystem;

// link(2) fails where the name is taken, also on file systems without RENAME_NOREPLACE.
Result<bool> link_then_unlink(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) {
    if (errno == EEXIST) return false;
    return errno_error(errno, "give it its name", from);
  }
  if (::unlink(from.c_str()) != 0) return errno_error(errno, "remove it", from);
  return true;
}

}  // namespace

std::string parent_directory(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

Result<std::vector<std::string>> make_directories(const std::string& path) {
  std::string last = path;
  while (last.ends_with('/') && last.size() > 1) last.pop_back();
  std::vector<std::string> missing;
  std::error_code error;
  for (std::string level = last; !fs::exists(level, error);
       level = parent_directory(level)) {
    missing.insert(missing.begin(), level);
    if (level == ".") break;
  }
  std::vector<std::string> made;
  for (const std::string& level : missing) {
    if (!fs::create_directory(level, error) && error) {
      return errno_error(error.value(), "make the directory", level);
    }
    ARROW_RETURN_NOT_OK(sync_directory(parent_directory(level)));
    made.push_back(level);
  }
  if (!fs::is_directory(last, error)) return errno_error(ENOTDIR, "write into it", last);
  return made;
}

Status sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno_error(errno, "open the directory", path);
  const int outcome = ::fsync(directory) == 0 ? 0 : errno;
  ::close(directory);
  // A file system that cannot do it has nothing better.
  if (outcome == 0 || outcome == EINVAL) return Status::OK();
  return errno_error(outcome, "make the names in the directory durable", path);
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

Result<bool> rename_to_free_name(const std::string& from, const std::string& to) {
  if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                RENAME_NOREPLACE) == 0) {
    return true;
  }
  if (errno == EEXIST) return false;
  if (errno == EINVAL || errno == ENOSYS) return link_then_unlink(from, to);
  return errno_error(errno, "give it its name", from);
}

}  // namespace velo::storage
