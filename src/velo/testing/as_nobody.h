#pragma once

/// What a user without rights over a file meets, also where root runs the tests.

#include <sys/fsuid.h>
#include <unistd.h>

namespace velo::testing {

/// While it lives, this thread's file system calls are nobody's. Needs to be root to mean
/// anything; another user has no more rights than that anyway.
class AsNobody {
 public:
  AsNobody() : before_(static_cast<uid_t>(::setfsuid(kNobody))) {}
  ~AsNobody() { ::setfsuid(before_); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  const uid_t before_;
};

}  // namespace velo::testing
