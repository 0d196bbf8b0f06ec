#pragma once

#include <memory>

#include "velo/connectors/file/options.h"
#include "velo/source.h"

namespace velo::file {

/// JSON lines of files that grow, and of those that appear (`watch=true`). A file is a
/// split, whatever it is called; a position is WatchedPosition. A last line without its
/// newline waits for it.
std::unique_ptr<DataSource> make_watch_source(FileOptions options);

}  // namespace velo::file
