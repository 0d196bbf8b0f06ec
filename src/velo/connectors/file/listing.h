#pragma once

/// Which files a path means.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "velo/connectors/file/options.h"
#include "velo/error.h"

namespace velo::file {

/// List the files that a source's path means, sorted by name: the file itself; those that
/// match a glob; or a directory's files of a known format (or of `format=`), hidden ones
/// and
/// `_velo/` left out.
/// Errors: kNotFound when there is none, saying what was looked for; kPermissionDenied.
Result<std::vector<std::string>> list_files(const FileOptions& options);

/// Find a file, whatever it is called now, in the directory that list_files() looks in,
/// or below; nullopt where none is it, hidden ones and `_velo/` left out. Errors:
/// kPermissionDenied, kSystem.
Result<std::optional<std::string>> find_moved_file(
    const FileOptions& options, const std::function<bool(const std::string&)>& is_it);

}  // namespace velo::file
