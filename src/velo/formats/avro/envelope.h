#pragma once

/// A change as Debezium has it written by Kafka Connect's Avro converter, one a record:
///
///     envelope := {before: [null, row], after: [null, row], op: string,
///                  source: {ts_us: long, ts_ms: long, position: string,
///                           sequence: string, lsn: long, …},
///                  ts_us: long, ts_ms: long, …}
///
/// Fields may be missing but for `op` and `after`, and be null; others are stepped over.
/// formats/json/envelope.h says what they mean, and which counts.

#include <memory>
#include <string>
#include <vector>

#include "velo/formats/avro/encoder.h"
#include "velo/formats/avro/schema.h"
#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::avro {

/// The reader's schema of the parts that count, of records that `written` describes. The
/// rows have the columns of `after`, all of which may be null, or those of `given`.
/// Errors: kSchemaMismatch where the records are no changes.
Result<SchemaPtr> wanted_of_envelope(const SchemaPtr& written,
                                     const arrow::Schema* given);

/// As make_decoder, of changes: rows with the columns of with_change_columns().
Result<std::unique_ptr<Decoder>> make_change_decoder(
    Input input, DecodeOptions options, int64_t max_block_bytes = kMaxRecordBytes);

/// As make_encoder, of rows with `_op` and its like (check_change_columns).
Result<std::unique_ptr<Encoder>> make_change_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const WriteOptions& options);

}  // namespace velo::formats::avro
