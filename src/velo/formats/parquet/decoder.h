#pragma once

/// Parquet to Arrow, by Arrow's own reader.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "velo/formats/format.h"

namespace velo::formats {

/// Open a Parquet file: reads its footer. `options.schema` must be nullptr or the file's.
/// Errors: kCorruptData for a broken footer or page, naming the file and what to do.
Result<std::unique_ptr<Decoder>> make_parquet_decoder(Input input, DecodeOptions options);

/// Names the columns wanted of a file, by its own schema; the field ids of its columns
/// are in their metadata, as "PARQUET:field_id".
using ChooseColumns =
    std::function<Result<std::vector<std::string>>(const arrow::Schema& schema)>;

/// Open a Parquet file and read the columns that `choose` names. Errors: also those of
/// `choose`.
Result<std::unique_ptr<Decoder>> make_choosing_parquet_decoder(
    Input input, const ChooseColumns& choose);

}  // namespace velo::formats
