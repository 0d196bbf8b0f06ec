#pragma once

/// The way of a simple SELECT: the source does what it can of it, what is left is done
/// here, and no engine is needed.

#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/source.h"
#include "velo/sql/select_tree.h"

namespace velo::sql {

/// What is to be done with a source's rows. A plain value.
struct ShortCut {
  /// What the source is asked for: the columns of the result and after them those that
  /// only WHERE needs; no limit where there is a predicate that it may not know.
  ReadOptions read;
  std::vector<Comparison> predicate;  ///< all of WHERE
  /// Whether the rows are changes for a table with a key (carried_changes.h).
  bool carries_changes = false;
  std::optional<int64_t> limit;
  std::shared_ptr<arrow::Schema> schema;  ///< of the result
};

/// Plan a simple SELECT over a source of these columns (in their SQL types, see
/// sql_types.h); nullopt wherever DuckDB might answer otherwise than we would: a column
/// that is not there, a literal of another type than its column, a floating-point column
/// against a fraction that it may not hold …
std::optional<ShortCut> plan_short_cut(const SimpleSelect& select,
                                       const arrow::Schema& columns);

/// What the short cut does with a batch of `short_cut.read`, but for its limit: its rows
/// are filtered and cut to the result's columns.
Result<std::shared_ptr<arrow::RecordBatch>> apply_short_cut(
    const ShortCut& short_cut, std::shared_ptr<arrow::RecordBatch> rows);

/// Wrap a reader of `short_cut.read`: its rows are filtered, cut to the result's columns
/// and to the limit. NULL compares as neither true nor false, NaN as equal to itself and
/// above all other numbers, text by its bytes: DuckDB's rules.
std::unique_ptr<DataReader> make_short_cut_reader(std::unique_ptr<DataReader> reader,
                                                  ShortCut short_cut);

}  // namespace velo::sql
