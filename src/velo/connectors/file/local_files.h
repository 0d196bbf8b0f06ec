#pragma once

/// Files of this machine, as a source reads them.

#include <memory>
#include <string>

#include "velo/connectors/file/options.h"
#include "velo/fileset/file_store.h"

namespace velo::file {

/// A file's size and time of modification (nanoseconds since 1970, big-endian).
/// Errors: kNotFound, kPermissionDenied.
Result<fileset::FileVersion> version_of_file(const std::string& path);

std::shared_ptr<fileset::FileStore> make_local_files(FileOptions options);

}  // namespace velo::file
