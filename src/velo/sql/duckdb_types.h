#pragma once

/// DuckDB's types, as far as they meet Arrow's. Only files named duckdb_* include this.

#include <arrow/array.h>

#include <string>

#include "velo/sql/duckdb_library.h"

namespace velo::sql {

/// Check that a column of a result can leave DuckDB as it is: DuckDB exports TIMETZ
/// without its offset, BIT as bytes, UHUGEINT with a wrong sign … Errors: kSchemaMismatch
/// naming the type; the column is for the caller to name.
Status check_result_type(const DuckdbLibrary& library, duckdb_logical_type type);

/// Check that every value of a column that DuckDB made of HUGEINT is a number of at most
/// 38 digits, which it does not itself. Columns of other types pass. Errors:
/// kCorruptData.
Status check_large_numbers(const arrow::Array& column);

/// Take DuckDB's answer to a conversion from or to Arrow; frees it.
/// Errors: kSchemaMismatch.
Status check_conversion(const DuckdbLibrary& library, duckdb_error_data error);

}  // namespace velo::sql
