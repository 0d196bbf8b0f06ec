#pragma once

/// Directories of this machine, made and changed so that a crash takes nothing back.

#include <string>
#include <vector>

#include "velo/error.h"

namespace velo::storage {

/// Make a directory and those above it that are missing, durably. Returns those that were
/// made, from the top down. Errors: kSystem, kPermissionDenied naming the one that
/// failed.
Result<std::vector<std::string>> make_directories(const std::string& path);

/// Make the names in a directory durable; messages call it `shown`. Errors: kSystem; the
/// names are then in doubt.
Status sync_directory(const std::string& path, const std::string& shown);
inline Status sync_directory(const std::string& path) {
  return sync_directory(path, path);
}

/// The directory that a path names a file in: "." for a bare name.
std::string parent_directory(const std::string& path);

/// The names in a directory; none where it is not there.
Result<std::vector<std::string>> names_in(const std::string& path);

/// Check that files of one directory can be renamed into another, which need not be
/// there: that it can be made, on the same file system. Errors: kSystem,
/// kInvalidArgument.
Status check_rename(const std::string& from, const std::string& to);

/// Rename a file onto a name that nothing has. True when it was renamed, or had both
/// names and has only the new one now; false where something else has the name. Errors:
/// kNotFound where `from` is not there; kSystem.
Result<bool> rename_to_free_name(const std::string& from, const std::string& to);

}  // namespace velo::storage
