#pragma once

/// Which columns of a Parquet file are worth a dictionary.

#include <arrow/chunked_array.h>

#include "velo/error.h"

namespace velo::formats {

/// How many of the rows are looked at, of large values fewer.
inline constexpr int64_t kDictionarySampleRows = 16384;
inline constexpr int64_t kDictionarySampleBytes = int64_t{4} << 20;

/// Whether the values of this column, the first rows of a file, repeat so often that a
/// dictionary makes it smaller: at most half of a sample are distinct. Building one for
/// other columns takes longer than all the rest of their encoding, to be thrown away when
/// it has grown too large. Nested columns, whose repetition is not looked at, are worth
/// one.
Result<bool> is_worth_dictionary(const arrow::ChunkedArray& first_rows);

}  // namespace velo::formats
