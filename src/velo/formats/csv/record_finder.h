#pragma once

/// Where the records of a CSV file begin.

#include <arrow/io/interfaces.h>

#include <memory>

#include "velo/error.h"
#include "velo/formats/csv/dialect.h"
#include "velo/formats/format.h"

namespace velo::formats {

/// Make a finder of a file's records. Whether a place is in quotes follows from all that
/// is before it, so that is read, once, several times as fast as it is decoded; without
/// quotes and escapes nothing is. nullptr for a file without a row, and for one that is
/// not on this machine, where reading is what takes the time. See
/// Format::make_record_finder.
Result<std::unique_ptr<RecordFinder>> make_csv_record_finder(
    arrow::io::RandomAccessFile& file, const CsvDialect& dialect);

}  // namespace velo::formats
