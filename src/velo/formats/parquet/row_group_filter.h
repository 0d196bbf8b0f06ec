#pragma once

/// Which row groups of a Parquet file can be left out.

#include <arrow/type.h>
#include <parquet/arrow/reader.h>

#include <vector>

#include "velo/error.h"
#include "velo/source.h"

namespace velo::formats {

/// Row groups one after the other that are read, behind rows that are not.
struct RowGroupRun {
  int64_t num_left_out = 0;  ///< rows of the row groups before them
  std::vector<int> row_groups;
};

/// The row groups that may hold a row for which all of the predicate holds, by the
/// statistics of their columns; the last run may be without any. A column that is nested,
/// has no statistics, or is compared with a value that it cannot be compared with exactly
/// leaves nothing out: neither does a comparison that NaN satisfies, which statistics do
/// not tell.
Result<std::vector<RowGroupRun>> choose_row_groups(
    parquet::arrow::FileReader& reader, const arrow::Schema& schema,
    const std::vector<Comparison>& predicate);

}  // namespace velo::formats
