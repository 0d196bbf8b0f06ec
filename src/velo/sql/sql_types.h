#pragma once

/// The types that columns have inside SQL. A source's column is brought to its SQL type
/// before any statement sees it, so that the short cut and DuckDB yield the same types.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <string_view>

#include "velo/error.h"

namespace velo::sql {

/// The type inside SQL of a column of `type`:
///
///     itself        bool, integers, float, double, decimal(p ≤ 38, s), text, binary,
///     date32,
///                   time64[us], timestamp without a zone, interval (months, days,
///                   nanoseconds)
///     text          large and view text, a column that is NULL throughout
///     binary        large, view and fixed-size binary
///     date32        date64          time64[us]       time32       float     half float
///     decimal128    decimal32, decimal64; decimal256 of at most 38 digits
///     timestamp[us, UTC]            timestamp with a zone: the same instant
///     its values' type              dictionary, run-end encoded; an extension's storage
///     list, struct, map, fixed-size list of these: nested
///
/// Errors: kSchemaMismatch for the types that SQL cannot carry; the column is for the
/// caller to name.
Result<std::shared_ptr<arrow::DataType>> sql_type(
    const std::shared_ptr<arrow::DataType>& type);

/// Check that SQL can tell the columns apart by their names, whatever their case.
/// Errors: kSchemaMismatch naming two that it cannot, with `advice`.
Status check_column_names(const arrow::Schema& schema, const std::string& resource,
                          std::string_view advice);

/// The columns of `schema` in their SQL types, all nullable, without metadata.
/// Errors: kSchemaMismatch naming the column whose type SQL cannot carry.
Result<std::shared_ptr<arrow::Schema>> sql_schema(const arrow::Schema& schema,
                                                  const std::string& resource);

/// Bring a batch to `schema`, which sql_schema() made from the batch's.
/// Errors: kSchemaMismatch naming the column that has a value its SQL type cannot hold,
/// as a timestamp between two microseconds.
Result<std::shared_ptr<arrow::RecordBatch>> to_sql_types(
    const std::shared_ptr<arrow::RecordBatch>& rows,
    const std::shared_ptr<arrow::Schema>& schema, const std::string& resource);

}  // namespace velo::sql
