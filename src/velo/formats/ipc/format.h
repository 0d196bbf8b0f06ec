#pragma once

#include "velo/formats/format.h"

namespace velo::formats {

/// "arrow": files. Reads streams too, as their first bytes say.
const Format& ipc_file_format();

/// "arrows": streams. Reads files too.
const Format& ipc_stream_format();

}  // namespace velo::formats
