#pragma once

#include <memory>

#include "velo/connectors/clickhouse/options.h"
#include "velo/sink.h"

namespace velo::clickhouse {

/// A table: rows are appended. It is made where it is not there. Exactly once where it
/// has the two hidden columns, or may be given them: see DataSink::promise. Threads:
/// thread-compatible.
std::unique_ptr<DataSink> make_clickhouse_sink(ClickhouseOptions options);

}  // namespace velo::clickhouse
