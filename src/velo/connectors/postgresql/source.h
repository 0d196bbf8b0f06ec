#pragma once

#include <memory>

#include "velo/connectors/postgresql/options.h"
#include "velo/source.h"

namespace velo::postgresql {

/// The rows of a table or of a query, by binary COPY, as they were when it was opened.
/// They cannot be read again from a position: their order is the server's.
/// Threads: thread-compatible.
std::unique_ptr<DataSource> make_postgresql_source(PostgresqlOptions options);

}  // namespace velo::postgresql
