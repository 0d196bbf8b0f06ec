#pragma once

/// Which columns of an ORC file hold times that Arrow's reader would get wrong.
///
/// ORC counts seconds in 64 bits; Arrow's reader multiplies them to nanoseconds, and a
/// time before 1677 or after 2262 overflows unseen. The footer's statistics tell.
/// Source: https://orc.apache.org/specification/ORCv1/ (File Tail, Column Statistics).

#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::formats {

/// The top-level columns, by number, with such a time in them or in a column below them,
/// of a file whose tail was serialised: `arrow::adapters::orc::ORCFileReader::
/// GetSerializedFileTail()`. Columns without statistics are not among them.
/// Errors: kCorruptData.
Result<std::vector<int>> columns_beyond_nanoseconds(std::string_view file_tail);

}  // namespace velo::formats
