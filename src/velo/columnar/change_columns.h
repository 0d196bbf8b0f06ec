#pragma once

/// The columns that rows have which are changes (as of a source with cdc=true), beside
/// those of their table.

#include <arrow/type.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace velo {

/// r: was there in the snapshot, c: inserted, u: updated, d: deleted, t: all truncated.
inline constexpr char kOperationColumn[] = "_op";
/// When the change was committed.
inline constexpr char kChangeTimeColumn[] = "_ts";
/// The change's place among all.
inline constexpr char kChangePositionColumn[] = "_position";
/// The names of the columns that were not sent, as is_unset() reads them; NULL: all were.
inline constexpr char kUnsetColumn[] = "_unset";
/// The row as it was, a struct of its table's columns, of sources that are asked for it;
/// NULL where there was none, or it was not sent.
inline constexpr char kBeforeColumn[] = "_before";

inline constexpr std::array<std::string_view, 5> kChangeColumns = {
    kOperationColumn, kChangeTimeColumn, kChangePositionColumn, kUnsetColumn,
    kBeforeColumn};

bool is_change_column(std::string_view name);

/// The columns of a table, and `_op`, `_ts`, `_position`, `_unset` behind them.
arrow::FieldVector with_change_columns(arrow::FieldVector columns);

/// The columns of changes that their table has: all but what says how they came about.
std::shared_ptr<arrow::Schema> columns_of_changed_rows(const arrow::Schema& schema);

/// Whether rows of this schema say of themselves all that is needed to apply them to a
/// table with a key: `_op` and `_unset`, as text.
bool are_changes(const arrow::Schema& schema);

/// A column's name as it stands in `_unset`, where names have commas between them: in
/// double quotes where it has a comma or a double quote, which is doubled.
std::string name_in_unset(std::string_view column);

/// Whether a column is among those that `unset` names.
bool is_unset(std::string_view unset, std::string_view column);

}  // namespace velo
