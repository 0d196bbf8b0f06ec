#pragma once

/// What `velo check` asks a server. Nothing is made in it.

#include <stop_token>

#include "velo/check.h"
#include "velo/connectors/clickhouse/options.h"

namespace velo::clickhouse {

/// That the table, or the query, may be read.
void check_reading(const ClickhouseOptions& options, CheckReport& report,
                   const std::stop_token& stop);

/// That the table may be written, or made, and the record kept; what keeps rows from
/// being exactly once is told.
void check_writing(const ClickhouseOptions& options, CheckReport& report,
                   const std::stop_token& stop);

}  // namespace velo::clickhouse
