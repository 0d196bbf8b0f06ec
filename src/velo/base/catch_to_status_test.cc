#include "velo/base/catch_to_status.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "velo/testing/matchers.h"

namespace velo {
namespace {

using testing::IsError;
using testing::IsOk;

TEST(CatchToStatus, PassesOnWhatIsReturned) {
  EXPECT_THAT(catch_to_status("at work", [] { return Status::OK(); }), IsOk());
  EXPECT_THAT(catch_to_status("at work",
                              [] { return make_error(ErrorKind::kFenced, {}, "late"); }),
              IsError(ErrorKind::kFenced, "late"));
}

TEST(CatchToStatus, SaysWhatWasGoingOn) {
  EXPECT_THAT(
      catch_to_status("at work", []() -> Status { throw std::runtime_error("broken"); }),
      IsError(ErrorKind::kInternal, "at work: broken"));
  EXPECT_THAT(catch_to_status("at work", []() -> Status { throw std::bad_alloc(); }),
              IsError(ErrorKind::kSystem, "out of memory at work"));
}

}  // namespace
}  // namespace velo
