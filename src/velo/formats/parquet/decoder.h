#pragma once

/// Parquet to Arrow, by Arrow's own reader.

#include <memory>

#include "velo/formats/format.h"

namespace velo::formats {

/// Open a Parquet file: reads its footer. `options.schema` must be nullptr or the file's.
/// Errors: kCorruptData for a broken footer or page, naming the file and what to do.
Result<std::unique_ptr<Decoder>> make_parquet_decoder(Input input, DecodeOptions options);

}  // namespace velo::formats
