#pragma once

#include <memory>

#include "velo/fileset/file_store.h"
#include "velo/fileset/options.h"
#include "velo/source.h"

namespace velo::fileset {

/// Rows of one or many files, one file after the other by name; they have the columns of
/// all of them (unite_columns), NULL where a file lacks one. With `schema=` each has to
/// have just these. A file is a split; a position is FilePosition.
std::unique_ptr<DataSource> make_source(FilesetOptions options,
                                        std::shared_ptr<FileStore> store);

}  // namespace velo::fileset
