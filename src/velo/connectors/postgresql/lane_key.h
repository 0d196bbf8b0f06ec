#pragma once

/// Whether several lanes may write a table, each the rows of some keys.

#include <arrow/type.h>

#include "velo/commit.h"
#include "velo/connectors/postgresql/client.h"
#include "velo/connectors/postgresql/options.h"
#include "velo/error.h"

namespace velo::postgresql {

/// The key of `options`, where no row of one lane can wait for a row of another: the
/// server ends such a wait when the other commits, which it does only after all have
/// prepared. Else why not. Errors: those of asking the server.
Result<LaneKey> find_lane_key(Connection& connection, const PostgresqlOptions& options,
                              const arrow::Schema& rows);

}  // namespace velo::postgresql
