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

#include "velo/formats/avro/encoder.h"
#include "velo/formats/avro/schema.h"
#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::avro {

/// The columns of the changed rows, as a reader's schema: those of `after`, all of which
/// may be null, or those of `given` (nullptr: of the file) without what says how a row
/// came about. Errors: kSchemaMismatch where the records that `written` describes are no
/// changes.
Result<SchemaPtr> row_of_envelope(const Schema& written, const arrow::Schema* given);

/// The reader's schema of the parts that count, with rows of these columns, of which
/// `written`, as above, may lack some.
Result<SchemaPtr> parts_of_envelope(const Schema& written, const SchemaPtr& row);

/// As make_decoder, of changes: rows with the columns of with_change_columns().
Result<std::unique_ptr<Decoder>> make_change_decoder(
    Input input, const DecodeOptions& options, int64_t max_block_bytes = kMaxRecordBytes);

/// As make_encoder, of rows with `_op` and its like (check_change_columns).
Result<std::unique_ptr<Encoder>> make_change_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const WriteOptions& options);

}  // namespace velo::formats::avro
