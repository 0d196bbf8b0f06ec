#pragma once

#include <memory>

#include "velo/connectors/clickhouse/options.h"
#include "velo/sink.h"

namespace velo::clickhouse {

/// Sends rows as they come, at least once: what was sent stays, whatever comes after.
std::unique_ptr<DataWriter> make_append_writer(const ClickhouseOptions& options);

}  // namespace velo::clickhouse
