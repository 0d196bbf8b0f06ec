#pragma once

/// Writing a directory of files, with Hive-style partitions if asked.

#include <memory>
#include <string>

#include "velo/connectors/file/options.h"
#include "velo/sink.h"

namespace velo::file {

/// Open a writer of files below `directory`, which is made if it is not there. Each file
/// has a name of its own and appears whole; all appear at finish(), one after the other.
/// With mode=overwrite the files of that format that were there before are removed after
/// that. Errors: kInvalidArgument without `format=`; kAlreadyExists with mode=error;
/// kSystem.
Result<std::unique_ptr<DataWriter>> make_directory_writer(const std::string& directory,
                                                          const FileOptions& options);

}  // namespace velo::file
