#pragma once

#include <memory>

#include "velo/connectors/postgresql/options.h"
#include "velo/source.h"

namespace velo::postgresql {

/// A table, and what changes in it from then on, by logical replication.
/// Threads: thread-compatible.
std::unique_ptr<DataSource> make_change_source(PostgresqlOptions options);

}  // namespace velo::postgresql
