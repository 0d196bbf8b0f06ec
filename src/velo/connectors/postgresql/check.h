#pragma once

/// What `velo check` asks a server. Nothing is made in it.

#include <stop_token>

#include "velo/check.h"
#include "velo/connectors/postgresql/options.h"

namespace velo::postgresql {

/// That the table, or the query, may be read.
void check_reading(const PostgresqlOptions& options, CheckReport& report,
                   const std::stop_token& stop);

/// That its changes may be: wal_level, replica identity, a free slot, a publication.
void check_reading_changes(const PostgresqlOptions& options, CheckReport& report,
                           const std::stop_token& stop);

/// That the table, and the record beside it, may be written, or made.
void check_writing(const PostgresqlOptions& options, CheckReport& report,
                   const std::stop_token& stop);

}  // namespace velo::postgresql
