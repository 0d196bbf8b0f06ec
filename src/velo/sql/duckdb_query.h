#pragma once

/// Running one SELECT in DuckDB. Only files named duckdb_* include this.

#include <memory>
#include <vector>

#include "velo/sql/duckdb_connection.h"
#include "velo/sql/duckdb_engine.h"

namespace velo::sql {

/// See DuckdbEngine::prepare().
Result<std::unique_ptr<DuckdbQuery>> prepare_query(
    DuckdbDatabase& database, const SqlText& select,
    std::shared_ptr<StatementSources> sources);

}  // namespace velo::sql
