#pragma once

/// Libraries of others that are opened when they are first needed.

#include <dlfcn.h>

#include <string>

#include "velo/error.h"

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

/// A library of the system's, as messages speak of it.
struct SystemLibrary {
  const char* file_name;  // of dlopen(): "libpq.so.5"
  const char* connector;  // whose errors they are; "" where several use it
  const char* what;       // "PostgreSQL's client library"
  const char* package;    // Debian's: "libpq5"
  const char* oldest;     // that will do: "PostgreSQL 12"
};

/// Open a library, for as long as the process lives.
/// Errors: kNotFound, saying what to install.
Result<void*> open_system_library(const SystemLibrary& library);

/// The error where it lacks a function; OK where `loader` has found all.
Status check_functions(const SystemLibrary& library, const FunctionLoader& loader);

/// Open a library, and have `load_all` find the functions that are needed.
/// Errors: kNotFound, saying what to install.
template <typename Functions>
Result<Functions> load_system_library(const SystemLibrary& library,
                                      void (*load_all)(FunctionLoader&, Functions&)) {
  ARROW_ASSIGN_OR_RAISE(void* handle, open_system_library(library));
  FunctionLoader loader(handle);
  Functions functions{};
  load_all(loader, functions);
  ARROW_RETURN_NOT_OK(check_functions(library, loader));
  return functions;
}

}  // namespace velo
