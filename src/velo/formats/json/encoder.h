#pragma once

/// Encodes batches as lines of JSON.

#include <memory>

#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::json {

/// Start writing rows of `schema` to `output`, one object a line (NDJSON). How each type
/// is written stands in README.md. What JSON cannot say is an error, never null.
/// Errors: kSchemaMismatch for a column whose type JSON cannot hold; write() returns it
/// for a value, naming row (from 1) and column, and for a row that takes more than
/// `max_record_bytes`.
Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema,
    int64_t max_record_bytes = kMaxRecordBytes);

/// Start writing changes, rows with `_op`, in Debezium's envelope, one a line:
///
///     {"before": row, "after": row,
///      "source": {"connector": "velo", "ts_ms": …, "snapshot": …, "position": …},
///      "op": …, "ts_ms": …}
///
/// A row is written as make_encoder() does; both times are `_ts`; `before` of an update
/// is
/// `_before`, where there is one. A value that `_unset` names is Debezium's placeholder.
/// Without the columns `_ts`, `_position`, `_unset`, `_before` their parts are left out.
/// Errors: kSchemaMismatch, also for rows without `_op`, for one of these columns of
/// another type, and for a value that was not sent of a column that has no placeholder.
/// Source: as envelope.h.
Result<std::unique_ptr<Encoder>> make_change_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema,
    int64_t max_record_bytes = kMaxRecordBytes);

}  // namespace velo::formats::json
