#pragma once

/// Functions of a library that is opened when it is first needed.

#include <dlfcn.h>

#include <string>

namespace velo {

/// Loads function after function; remembers the first that is not there.
class FunctionLoader {
 public:
  /// `library` is of dlopen().
  explicit FunctionLoader(void* library) : library_(library) {}

  template <typename Function>
  void load(const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library_, name));
    if (function == nullptr && missing_.empty()) missing_ = name;
  }

  /// The name of the first function that is not there; empty where all are.
  const std::string& missing() const { return missing_; }

 private:
  void* const library_;
  std::string missing_;
};

}  // namespace velo
