#include "velo/base/system_error.h"

#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace velo {
namespace {

std::string_view advice(int number) {
  switch (number) {
    case ENOENT:
      return "; check the path";
    case EACCES:
    case EPERM:
      return "; check the permissions of the file and its directories";
    case ENOSPC:
    case EDQUOT:
      return "; nothing was left behind: free some space and run again";
    case EROFS:
      return "; choose a path on a writable file system";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

ErrorKind classify_errno(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::kPermissionDenied;
    case EEXIST:
      return ErrorKind::kAlreadyExists;
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
      return ErrorKind::kInvalidArgument;
    case EINTR:
    case EAGAIN:
      return ErrorKind::kTransient;
    default:
      return ErrorKind::kSystem;
  }
}

Status errno_error(int number, std::string_view action, std::string path) {
  return make_error(
      classify_errno(number),
      {.resource = std::move(path), .vendor_code = std::to_string(number)},
      fmt::format("cannot {}: {}{}", action, std::strerror(number), advice(number)));
}

Status with_system_kind(Status status, std::string_view action, std::string path) {
  if (status.ok() || context_of(status) != nullptr) return status;
  const int number = arrow::internal::ErrnoFromStatus(status);
  if (number != 0) return errno_error(number, action, std::move(path));
  return make_error(kind_of(status), {.resource = std::move(path)},
                    fmt::format("cannot {}: {}", action, status.message()));
}

}  // namespace velo
