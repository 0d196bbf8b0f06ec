#pragma once

/// Files of attempts that were never committed.

#include "velo/connectors/iceberg/epoch_writer.h"
#include "velo/connectors/iceberg/file_io.h"
#include "velo/connectors/iceberg/table_metadata.h"

namespace velo::iceberg {

/// Remove files that processes of a pipeline with lower fences have left: those after
/// `committed`, the last attempt that was, which no snapshot of the table names. `prefix`
/// is that of its files. To be called by who holds `fence`, with metadata that was loaded
/// since.
Status remove_leftovers(FileIo& files, const TableMetadata& metadata,
                        const std::string& prefix, const FileOrigin& committed,
                        uint64_t fence);

}  // namespace velo::iceberg
