#pragma once

#include <memory>

#include "velo/connectors/clickhouse/options.h"
#include "velo/source.h"

namespace velo::clickhouse {

/// The rows of a table or of a query, as they are when they are read. They cannot be read
/// again from a position: their order is the server's. Threads: thread-compatible.
std::unique_ptr<DataSource> make_clickhouse_source(ClickhouseOptions options);

}  // namespace velo::clickhouse
