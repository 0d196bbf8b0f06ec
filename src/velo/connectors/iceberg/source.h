#pragma once

#include <memory>

#include "velo/connectors/iceberg/options.h"
#include "velo/source.h"

namespace velo::iceberg {

/// The rows of a table: of its newest snapshot, of a branch's, or of the one asked for. A
/// pipeline that is run again reads what was appended since.
std::unique_ptr<DataSource> make_iceberg_source(IcebergOptions options);

}  // namespace velo::iceberg
