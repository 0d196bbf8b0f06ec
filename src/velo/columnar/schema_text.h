#pragma once

/// Schemas as people write them.

#include <arrow/type.h>

#include <memory>
#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo {

/// Parse `id int64, price decimal(12,2), at timestamp` (a colon may stand for the space;
/// a name in double quotes may hold anything). Types: int8 … int64, uint8 … uint64,
/// float, double, bool, text, binary, date, time, timestamp, timestamptz, decimal(p,s),
/// and SQL's and Arrow's names for the same. timestamp(s|ms|us|ns), microseconds unless
/// said; timestamptz is in UTC. Errors: kInvalidArgument, with what was expected where.
Result<std::shared_ptr<arrow::Schema>> parse_schema(std::string_view text);

/// What parse_schema() reads: `id int64, "unit price" decimal(12,2)`. Not of types that
/// it has no names for, and of names with a double quote.
std::string schema_text(const arrow::Schema& schema);

/// Parse one type.
Result<std::shared_ptr<arrow::DataType>> parse_type(std::string_view text);

/// The name that parse_type() reads, where there is one, else Arrow's.
std::string type_name(const arrow::DataType& type);

}  // namespace velo
