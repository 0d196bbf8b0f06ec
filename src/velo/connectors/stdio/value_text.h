#pragma once

/// One value as a person reads it.

#include <arrow/array.h>

#include <cstdint>
#include <string>

namespace velo::stdio {

/// Write a value without loss, while it is not longer than about `max_bytes`: longer ones
/// end somewhere behind that.
///
/// NULL; true; 12.50 (a decimal, never with an exponent); 0.1 (a double, the shortest
/// text that is it); 2026-01-02; 03:04:05.123; 2026-01-02 03:04:05.123 and a Z where the
/// type has a zone (the time is UTC's); 1500 ms (a duration); \x00ff (binary); lists,
/// structs and maps as JSON: [1, null], {"name": "value"}.
std::string value_text(const arrow::Array& column, int64_t row, size_t max_bytes);

/// Whether values of this type are numbers, which stand at the right of a column.
bool is_number(const arrow::DataType& type);

}  // namespace velo::stdio
