#include "velo/base/function_loader.h"

#include <fmt/format.h>

namespace velo {

Result<void*> open_system_library(const SystemLibrary& library) {
  void* handle = ::dlopen(library.file_name, RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return handle;
  return make_error(
      ErrorKind::kNotFound, {.connector = library.connector},
      fmt::format("{} is not there ({}); install it (Debian: apt install {})",
                  library.what, ::dlerror(), library.package));
}

Status check_functions(const SystemLibrary& library, const FunctionLoader& loader) {
  if (loader.missing().empty()) return Status::OK();
  return make_error(ErrorKind::kNotFound, {.connector = library.connector},
                    fmt::format("{} has no {}; {} or newer is needed", library.file_name,
                                loader.missing(), library.oldest));
}

}  // namespace velo
