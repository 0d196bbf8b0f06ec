#pragma once

/// Arrow to CSV. Source: RFC 4180.

#include <memory>

#include "velo/formats/csv/dialect.h"
#include "velo/formats/format.h"

namespace velo::formats {

/// Start encoding. By default NULL is an empty field, an empty text is "" in quotes, and
/// a value is quoted only where it must be. Numbers are written so that reading them
/// gives the same value, timestamps as ISO 8601 with a space, with Z where they have a
/// zone. Errors: kSchemaMismatch for nested and binary columns; write() returns it for a
/// row that takes more than the dialect's max_record_bytes, or has what the dialect
/// cannot write.
Result<std::unique_ptr<Encoder>> make_csv_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const CsvDialect& dialect);

}  // namespace velo::formats
