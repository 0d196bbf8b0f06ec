#pragma once

/// Where the records of a file of lines begin.

#include <arrow/io/interfaces.h>

#include <memory>

#include "velo/formats/format.h"

namespace velo::formats::json {

/// Make a finder for a file whose first record has its lines to itself: of that each line
/// is taken to be whole. nullptr for one that begins with a list or with a record over
/// several lines, and for one whose first line is longer than is looked at here (1 MiB).
/// See Format::make_record_finder.
Result<std::unique_ptr<RecordFinder>> make_line_finder(arrow::io::RandomAccessFile& file);

}  // namespace velo::formats::json
