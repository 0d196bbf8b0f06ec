#pragma once

/// What `velo check` tries at a catalog and a table's files.

#include <stop_token>

#include "velo/check.h"
#include "velo/connectors/iceberg/options.h"

namespace velo::iceberg {

/// That the table is there, and its manifests can be read.
void check_reading(const IcebergOptions& options, CheckReport& report,
                   const std::stop_token& stop);

/// That rows can be appended to it: a file is written beside its metadata and removed.
/// Whether the catalog lets us commit is not known before one is tried.
void check_writing(const IcebergOptions& options, CheckReport& report,
                   const std::stop_token& stop);

}  // namespace velo::iceberg
