#pragma once

/// Encodes batches as lines of JSON.

#include <memory>

#include "velo/formats/format.h"

namespace velo::formats::json {

/// Start writing rows of `schema` to `output`, one object a line (NDJSON). How each type
/// is written stands in README.md. What JSON cannot say is an error, never null.
/// Errors: kSchemaMismatch for a column whose type JSON cannot hold; write() returns it
/// for a value, naming row (from 1) and column.
Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema);

}  // namespace velo::formats::json
