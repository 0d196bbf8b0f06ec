#pragma once

/// What stands before the rows of a CSV file.

#include <arrow/type.h>

#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/formats/block_reader.h"
#include "velo/formats/csv/dialect.h"

namespace velo::formats {

/// The front of a file, read.
struct CsvFront {
  CsvDialect dialect;              ///< nothing of it is left to be found out
  std::vector<std::string> names;  ///< of the columns
};

/// Step over a byte order mark, the lines to skip and the header, and find out what the
/// dialect leaves open. The names are the header's (one that is empty is column<number>,
/// one that stands twice gets a suffix), else column0, column1 …, as many as the first
/// row has values. `given` is what `schema=` says, or nullptr: a first record of the same
/// names is a header.
/// Errors: kCorruptData (no record, more than 100,000 columns, a name that is no UTF-8, a
/// record that does not end); kSystem.
Result<CsvFront> read_front(BlockReader& blocks, const CsvDialect& dialect,
                            const arrow::Schema* given);

/// Consume the rest of a line, however long, in which nothing but its end counts.
Status skip_line(BlockReader& blocks);

/// Whether a line begins that is left out.
bool is_at_comment(const BlockReader& blocks, const CsvDialect& dialect);

}  // namespace velo::formats
