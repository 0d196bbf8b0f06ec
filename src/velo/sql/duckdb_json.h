#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace velo::sql {

/// Parse JSON as DuckDB writes it, in which a number may be Infinity or NaN: these become
/// null. What is not JSON becomes a discarded value.
nlohmann::json parse_duckdb_json(std::string_view text);

}  // namespace velo::sql
