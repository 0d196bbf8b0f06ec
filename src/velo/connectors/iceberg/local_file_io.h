#pragma once

#include <memory>

#include "velo/connectors/iceberg/file_io.h"

namespace velo::iceberg {

/// Files of this machine; directories that are missing are made.
std::unique_ptr<FileIo> make_local_file_io();

}  // namespace velo::iceberg
