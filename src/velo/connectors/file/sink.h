#pragma once

#include <memory>

#include "velo/connectors/file/options.h"
#include "velo/sink.h"

namespace velo::file {

/// One file, staged aside and renamed at the end; or a directory of files, with
/// Hive-style partitions if asked.
std::unique_ptr<DataSink> make_file_sink(FileOptions options);

}  // namespace velo::file
