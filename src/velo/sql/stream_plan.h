#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::sql {

/// How many rows DuckDB is told that a source has which can go on, and one that cannot:
/// its plans show where the first is read.
constexpr uint64_t kRowsOfStream = 1'000'000'007;
constexpr uint64_t kRowsOfOthers = 1'000'000;

/// Read DuckDB's plan of a SELECT, the JSON that EXPLAIN (FORMAT JSON) makes, in which
/// one source can go on: find out which of its columns are needed (none: it is not said),
/// and that what the SELECT yields of all its rows is what it yields of each batch. That
/// is so where between the source and the result there are expressions, filters, and
/// joins that keep no row of the other side for want of a partner.
///
/// Errors: kNotImplemented, saying what there is that needs all rows ("GROUP BY …");
/// kInternal for what is not such JSON.
Result<std::vector<std::string>> columns_of_stream(std::string_view json);

}  // namespace velo::sql
