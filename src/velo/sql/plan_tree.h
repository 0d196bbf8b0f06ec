#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::sql {

/// DuckDB's plan of a SELECT, from the JSON that EXPLAIN (FORMAT JSON) makes: a line for
/// each operator, the last to run first, two blanks deeper than the one that it feeds.
///
///     HASH_GROUP_BY Groups: #0; Aggregates: sum(#1)
///       FILE Projections: country, total
///
/// Errors: kInternal for what is not such JSON.
Result<std::vector<std::string>> plan_lines(std::string_view json);

}  // namespace velo::sql
