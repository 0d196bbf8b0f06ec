#pragma once

/// Libraries of formats throw where a file is broken; here that becomes a status.

#include <exception>
#include <new>

#include "velo/error.h"

namespace velo::formats {

/// Call a function that returns a Status and may throw.
template <typename Function>
Status catch_format_error(Function&& function) noexcept {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("out of memory");
  } catch (const std::exception& error) {
    return make_error(ErrorKind::kCorruptData, {}, error.what());
  }
}

}  // namespace velo::formats
