#pragma once

/// What tests say of a Status or a Result.

#include <gmock/gmock.h>

#include <string>

#include "velo/error.h"

namespace velo::testing {

inline const Status& status_of(const Status& status) { return status; }
template <typename T>
const Status& status_of(const Result<T>& result) {
  return result.status();
}

/// OK, else its message is shown.
MATCHER(IsOk, "is OK") {
  *result_listener << status_of(arg).ToString();
  return status_of(arg).ok();
}

/// Failed with this kind, and a message that matches.
MATCHER_P2(IsError, kind, message,
           "is " + std::string(to_string(kind)) + " and its message " +
               ::testing::DescribeMatcher<std::string>(message, negation)) {
  const Status& status = status_of(arg);
  if (status.ok()) {
    *result_listener << "which is OK";
    return false;
  }
  *result_listener << "which is " << to_string(kind_of(status)) << ": "
                   << status.message();
  return kind_of(status) == kind &&
         ::testing::Matches(::testing::Matcher<std::string>(message))(status.message());
}

}  // namespace velo::testing
