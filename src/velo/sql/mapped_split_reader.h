#pragma once

#include <functional>
#include <memory>

#include "velo/source.h"

namespace velo::sql {

/// What is done to the rows of each batch; it may leave some out, and make several of
/// one.
using RowsFunction = std::function<Result<std::shared_ptr<arrow::RecordBatch>>(
    std::shared_ptr<arrow::RecordBatch>, const std::stop_token&)>;

/// What becomes of a change of their columns: the schema of what RowsFunction yields from
/// now on.
using ChangeFunction = std::function<Result<std::shared_ptr<arrow::Schema>>(
    const std::shared_ptr<arrow::Schema>&)>;

/// A reader whose batches go through a function; their positions stay. Without `change`
/// the columns must not change.
std::unique_ptr<SplitReader> map_batches(std::unique_ptr<SplitReader> reader,
                                         RowsFunction function,
                                         ChangeFunction change = nullptr);

/// The same of a reader without splits.
std::unique_ptr<DataReader> map_batches(std::unique_ptr<DataReader> reader,
                                        RowsFunction function);

}  // namespace velo::sql
