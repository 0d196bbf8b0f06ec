#pragma once

/// Parquet's low-level library throws; here its exceptions become statuses.

#include <exception>
#include <new>

#include "velo/error.h"

namespace velo::formats {

/// Call a function that returns a Status and may throw.
template <typename Function>
Status catch_parquet(Function&& function) noexcept {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("out of memory");
  } catch (const std::exception& error) {
    return make_error(ErrorKind::kCorruptData, {}, error.what());
  }
}

}  // namespace velo::formats
