#pragma once

/// Exceptions of other people's code, turned into a Status.

#include <exception>
#include <new>
#include <string_view>

#include "velo/error.h"

namespace velo {

/// Call `function`, which returns a Status; an exception that leaves it becomes one that
/// says `what` was going on. For the outermost call of a thread.
template <typename Function>
Status catch_to_status(std::string_view what, Function&& function) noexcept {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("out of memory ", what);
  } catch (const std::exception& error) {
    return Status::UnknownError(what, ": ", error.what());
  }
}

}  // namespace velo
