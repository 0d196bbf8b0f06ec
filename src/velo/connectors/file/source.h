#pragma once

#include <memory>

#include "velo/connectors/file/options.h"
#include "velo/source.h"

namespace velo::file {

/// Rows of one or many files, one file after the other by name. All must have the columns
/// of the first.
std::unique_ptr<DataSource> make_file_source(FileOptions options);

}  // namespace velo::file
