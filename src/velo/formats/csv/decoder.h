#pragma once

/// CSV to Arrow. Source: RFC 4180; the parser and the converters are Arrow's.

#include <memory>

#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"

namespace velo::formats {

struct CsvDialect {
  bool header = true;
  char delimiter = ',';
  /// Bytes read at a time, hence about the bytes of text in one batch.
  int64_t block_bytes = int64_t{1} << 20;
  int64_t max_record_bytes = kMaxRecordBytes;
};

/// Start decoding. Reads the first block: from it come the names (the header, else
/// column0, column1 …; a name that stands twice gets a suffix) and, unless given, the
/// types.
Result<std::unique_ptr<Decoder>> make_csv_decoder(Input input, const CsvDialect& dialect,
                                                  DecodeOptions options);

}  // namespace velo::formats
