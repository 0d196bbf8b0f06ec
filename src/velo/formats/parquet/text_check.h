#pragma once

/// Whether the texts of a file are UTF-8, which Parquet asks for and nobody checks who
/// writes it.

#include <arrow/record_batch.h>

#include <cstdint>
#include <string>

#include "velo/error.h"

namespace velo::formats {

/// Check all texts of a batch, also in lists, maps and structs, whose first row is the
/// row `first_row` (from 1) of the file. Errors: kCorruptData naming the file, the
/// column, and the row where the column is one of texts.
Status check_texts(const arrow::RecordBatch& rows, int64_t first_row,
                   const std::string& file);

}  // namespace velo::formats
