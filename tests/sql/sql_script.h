#pragma once

/// Scripts of statements and what they must answer, in the shape of sqllogictest:
///
///     # a comment
///     file orders.csv              makes a file in the test's folder; a blank line ends
///     it id,total 1,2.50
///
///     statement ok
///     CREATE STREAM big AS SELECT * FROM file('__TEST_DIR__/orders.csv') WHERE total > 2
///
///     statement error
///     SELECT nothing FROM big
///     ----
///     there is no column "nothing"
///
///     query IR rowsort             one letter a column: Integer, Real, Text (all others)
///     SELECT id, total FROM big
///     ----
///     1	2.50
///
/// Values are parted by tabs; NULL is NULL, an empty text is (empty). `rowsort` sorts
/// both sides. `skipif WAY` and `onlyif WAY` (short_cut, duckdb) stand before one of
/// these. An error must contain the text given, which may have several lines, whole.

#include <filesystem>
#include <string>
#include <vector>

#include "velo/error.h"

namespace velo {

enum class Way { kShortCut, kDuckdb };

/// Run a script in `folder`, an empty one; the first thing that is not as it must be is
/// the error, with the script's line.
Status run_sql_script(const std::filesystem::path& script, Way way,
                      const std::filesystem::path& folder);

}  // namespace velo
