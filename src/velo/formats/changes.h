#pragma once

/// What all forms of Debezium's envelope have in common, whatever its bytes are. Source:
/// debezium.io/documentation/reference/stable/connectors/postgresql.html, "Data change
/// events".

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::formats {

/// What Debezium writes in place of a value that the source did not send.
inline constexpr std::string_view kUnavailableValue = "__debezium_unavailable_value";

/// A message that an application has written into the source's log, which is no change.
inline constexpr char kMessageOfApplication = 'm';

/// Whether this is an operation of a change.
bool is_operation(std::string_view op);

/// Errors: kSchemaMismatch for an operation that there is not; nullopt is NULL.
Status check_operation(const std::optional<std::string_view>& op);

/// Check that rows of this schema can be written in the envelope: they have `_op`, and
/// the other columns of a change have their types. Errors: kSchemaMismatch.
Status check_change_columns(const arrow::Schema& schema);

/// The rows of a column of text, bytes or lists of text whose value was not sent; of a
/// list the placeholder is the only element.
std::vector<int64_t> unsent_rows(const arrow::ArrayData& column);

/// The column, which begins at its buffers' first value, with NULL in these rows.
Result<std::shared_ptr<arrow::ArrayData>> with_nulls(
    const std::shared_ptr<arrow::ArrayData>& column, const std::vector<int64_t>& rows);

/// The column with the placeholder in those rows of a batch whose `unset` (of
/// kUnsetColumn; may be nullptr) names it. Errors: kSchemaMismatch for a type that has
/// none.
Result<std::shared_ptr<arrow::Array>> with_placeholders(
    const std::shared_ptr<arrow::Array>& column, const std::string& name,
    const arrow::StringArray* unset);

/// The time of a change in milliseconds since 1970, to the one below.
int64_t millis_of(int64_t value, arrow::TimeUnit::type unit);

/// Microseconds since 1970 of what is told in these units, of which microseconds count;
/// nullopt where that is in no year from 0000 to 9999.
std::optional<int64_t> time_of_change(std::optional<int64_t> micros,
                                      std::optional<int64_t> millis);

/// Names that `unset` (one for each row of a batch) has, with one more at these rows.
void add_unset(const std::string& name, const std::vector<int64_t>& rows,
               std::string_view ops, std::vector<std::string>& unset);

/// The column `_unset` of these names, of so many rows.
Result<std::shared_ptr<arrow::Array>> unset_column(const std::vector<std::string>& unset,
                                                   int64_t num_rows);

}  // namespace velo::formats
