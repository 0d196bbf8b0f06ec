#pragma once

/// ORC to Arrow, by the ORC library inside Arrow.

#include <memory>

#include "velo/formats/format.h"

namespace velo::formats {

/// Open an ORC file: reads its footer. A stripe is read in batches.
/// Errors: kCorruptData for a broken footer or stripe, and for timestamps that a
/// timestamp[ns] cannot hold, as the file's statistics tell, naming the column.
Result<std::unique_ptr<Decoder>> make_orc_decoder(Input input, DecodeOptions options);

}  // namespace velo::formats
