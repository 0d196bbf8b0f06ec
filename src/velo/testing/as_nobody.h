#pragma once

/// What a user without rights over a file meets, also where root runs the tests.

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace velo::testing {

/// While it lives, this thread's file system calls are nobody's. Needs to be root to mean
/// anything; another user has no more rights than that anyway.
class AsNobody {
 public:
  AsNobody() : before_(static_cast<uid_t>(::setfsuid(kNobody))) {}
  ~AsNobody() { ::setfsuid(before_); }
  /// Whether nobody can get there at all: not below a root directory that only root may
  /// enter, as in a container made with a narrow umask.
  static bool can_reach(const std::string& path) {
    const AsNobody nobody;
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0;
  }

  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  const uid_t before_;
};

}  // namespace velo::testing
