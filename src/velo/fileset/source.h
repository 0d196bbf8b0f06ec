#pragma once

#include <memory>

#include "velo/fileset/file_store.h"
#include "velo/fileset/options.h"
#include "velo/source.h"

namespace velo::fileset {

/// Rows of one or many files, one file after the other by name. All must have the columns
/// of the first. A file is a split; a position is FilePosition.
std::unique_ptr<DataSource> make_source(FilesetOptions options,
                                        std::shared_ptr<FileStore> store);

}  // namespace velo::fileset
