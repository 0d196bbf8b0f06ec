#pragma once

/// One column of text to lines.

#include <cstdint>
#include <memory>

#include "velo/formats/format.h"

namespace velo::formats {

/// Start encoding. Errors: kSchemaMismatch unless there is one column, of text; write()
/// returns it for NULL, for a text with a line break in it or a carriage return at its
/// end, and for one that is larger than a record may be: none would be read as it was.
Result<std::unique_ptr<Encoder>> make_text_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, int64_t max_record_bytes);

}  // namespace velo::formats
