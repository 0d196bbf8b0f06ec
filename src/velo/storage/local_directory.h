#pragma once

/// Directories of this machine, made and changed so that a crash takes nothing back.

#include <string>
#include <vector>

#include "velo/error.h"

namespace velo::storage {

/// Make a directory and those above it that are missing, durably. Returns those that were
/// made, from the top down. Errors: kSystem, kPermissionDenied naming the one that failed.
Result<std::vector<std::string>> make_directories(const std::string& path);

/// Make the names in a directory durable. Errors: kSystem; the names are then in doubt.
Status sync_directory(const std::string& path);

/// The directory that a path names a file in: "." for a bare name.
std::string parent_directory(const std::string& path);

/// The names in a directory; none where it is not there.
Result<std::vector<std::string>> names_in(const std::string& path);

/// Rename a file onto a name that nothing has. True when it was renamed; false where
/// something has the name. Errors: kNotFound where `from` is not there; kSystem.
Result<bool> rename_to_free_name(const std::string& from, const std::string& to);

}  // namespace velo::storage
