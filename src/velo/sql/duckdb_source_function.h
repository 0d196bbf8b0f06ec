#pragma once

/// Our sources as table functions of DuckDB. Only files named duckdb_* include this.

#include <string>

#include "velo/sql/duckdb_connection.h"

namespace velo::sql {

/// The function that reads any address: velo_source('file:///data/a.csv').
inline constexpr char kSourceFunction[] = "velo_source";

/// Register SCHEME('the rest of the address'), or kSourceFunction where `scheme` is
/// empty, for all connections of the database. The source is opened when a statement is
/// bound, read by the columns that it needs, on any of DuckDB's threads but by one at a
/// time.
Status register_source_function(DuckdbDatabase& database, const std::string& scheme);

}  // namespace velo::sql
