#pragma once

/// A simple SELECT over changes, whose result goes into a table with a key: what says how
/// a row came about travels along, and WHERE says which rows are in the table.

#include <arrow/record_batch.h>

#include <memory>
#include <string>

#include "velo/sql/short_cut.h"

namespace velo::sql {

/// Have the columns by which changes are applied, `_op` and `_unset`, which a source of
/// changes has (are_changes()), follow the columns of the result where they are not among
/// them. `columns`: of the source. Errors: kInvalidArgument for a WHERE that looks at one
/// of these: it says which rows are in the table, and not which changes; kNotImplemented
/// for a LIMIT, and for a column under another name, as `_unset` would not name it.
Status carry_changes(ShortCut& short_cut, const arrow::Schema& columns);

/// Keep every change, and make a deletion of one that leaves its row outside of WHERE;
/// a deletion and a truncation always pass. `matches`: whether WHERE holds, NULL where it
/// is not known. Errors: kNotImplemented for a row of which WHERE has to know a value
/// that was not sent, naming the column.
Result<std::shared_ptr<arrow::RecordBatch>> delete_what_left(
    const std::vector<Comparison>& predicate, const arrow::BooleanArray& matches,
    std::shared_ptr<arrow::RecordBatch> rows);

}  // namespace velo::sql
