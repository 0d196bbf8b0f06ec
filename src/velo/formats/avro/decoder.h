#pragma once

/// Avro object container files to Arrow.

#include <memory>

#include "velo/formats/avro/schema.h"
#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::avro {

/// Start decoding: reads the file's head. `options.schema`, where it was given, is read
/// as a reader's schema is (resolution.h): columns by name, NULL where the file has none
/// of that name. A block may have `max_block_bytes`.
Result<std::unique_ptr<Decoder>> make_decoder(Input input, DecodeOptions options,
                                              int64_t max_block_bytes = kMaxRecordBytes);

/// The same, read as another schema asks for. Errors: also kSchemaMismatch.
Result<std::unique_ptr<Decoder>> make_resolving_decoder(
    Input input, SchemaPtr wanted, DecodeOptions options = {},
    int64_t max_block_bytes = kMaxRecordBytes);

}  // namespace velo::formats::avro
