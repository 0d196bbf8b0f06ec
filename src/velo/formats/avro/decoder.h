#pragma once

/// Avro object container files to Arrow.

#include <functional>
#include <memory>

#include "velo/formats/avro/schema.h"
#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::avro {

/// Start decoding: reads the file's head. `options.schema`, where it was given, is read
/// as a reader's schema is (resolution.h): columns by name, NULL where the file has none
/// of that name. A block may have `max_block_bytes`.
Result<std::unique_ptr<Decoder>> make_decoder(Input input, const DecodeOptions& options,
                                              int64_t max_block_bytes = kMaxRecordBytes);

/// The same, read as another schema asks for. Errors: also kSchemaMismatch.
Result<std::unique_ptr<Decoder>> make_resolving_decoder(
    Input input, SchemaPtr wanted, const DecodeOptions& options = {},
    int64_t max_block_bytes = kMaxRecordBytes);

/// Which schema records are read as that another has written.
using WantedOf = std::function<Result<SchemaPtr>(const SchemaPtr& written)>;

/// The same, read as the one that the file's own leads to.
Result<std::unique_ptr<Decoder>> make_resolving_decoder(
    Input input, const WantedOf& wanted_of, const DecodeOptions& options = {},
    int64_t max_block_bytes = kMaxRecordBytes);

/// What `schema=` asks for: a column keeps its name and what it holds.
/// Errors: kSchemaMismatch for a type that Avro is not read as.
Result<SchemaPtr> wanted_of_given(const arrow::Schema& given);

}  // namespace velo::formats::avro
