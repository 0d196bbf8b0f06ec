#pragma once

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>

#include "velo/sql/select_tree.h"

namespace velo::sql {

/// The literal as a value of a column's type; nullptr where comparing the two is not
/// exactly comparing values of that type: the literal does not fit it, or DuckDB would
/// bring both to another type.
std::shared_ptr<arrow::Scalar> literal_value(
    const Literal& literal, const std::shared_ptr<arrow::DataType>& column_type);

}  // namespace velo::sql
