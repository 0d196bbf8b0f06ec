#pragma once

/// CSV to Arrow. Source: RFC 4180, and CsvDialect.

#include <memory>

#include "velo/formats/csv/dialect.h"
#include "velo/formats/format.h"

namespace velo::formats {

/// Start decoding. Reads the first block: from it come the names (read_front()) and,
/// unless given, the types.
Result<std::unique_ptr<Decoder>> make_csv_decoder(Input input, const CsvDialect& dialect,
                                                  DecodeOptions options);

}  // namespace velo::formats
