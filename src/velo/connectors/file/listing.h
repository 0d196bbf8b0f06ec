#pragma once

/// Which files a path means.

#include <functional>
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

/// Visit every file, whatever it is called, in the directory that list_files() looks in,
/// and below, until `visit` answers false. Hidden ones, `_velo/` and what cannot be
/// listed for want of permission are left out. Errors: kSystem.
Status visit_all_files(const FileOptions& options,
                       const std::function<bool(const std::string&)>& visit);

}  // namespace velo::file
