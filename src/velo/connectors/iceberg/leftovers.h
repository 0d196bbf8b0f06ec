#pragma once

/// Files of attempts that were never committed.

#include "velo/commit.h"
#include "velo/connectors/iceberg/epoch_writer.h"
#include "velo/connectors/iceberg/file_io.h"
#include "velo/connectors/iceberg/table_metadata.h"

namespace velo::iceberg {

/// Remove files that processes of a pipeline with lower fences have left, and that no
/// snapshot of the table names: those after `committed`, the last attempt that was, and
/// those that one which was overtaken has written after newer ones had committed.
/// `prefix` is that of the pipeline's files. To be called by who holds the fence of
/// `record`, with metadata that was loaded since.
Status remove_leftovers(FileIo& files, const TableMetadata& metadata,
                        const std::string& prefix, const FileOrigin& committed,
                        const CommitRecord& record, const std::string& branch);

}  // namespace velo::iceberg
