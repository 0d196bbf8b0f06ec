#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "velo/connectors/file/options.h"
#include "velo/source.h"

namespace velo::file {

/// JSON lines of files that grow, and of those that appear (`watch=true`). A file is a
/// split, whatever it is called; a position is WatchedPosition. A last line without its
/// newline waits for it.
std::unique_ptr<DataSource> make_watch_source(FileOptions options);

/// "byte 345", counted from 0, where the source watches (watch=true); else as
/// fileset::describe_position.
std::string describe_position(std::string_view source, const Position& position);

}  // namespace velo::file
