#pragma once

/// What comes out of a source.

#include <arrow/record_batch.h>

#include <memory>
#include <variant>

#include "velo/position.h"

namespace velo {

/// Rows on their way from a source to a sink. Cheap to copy: it shares its columns.
struct Batch {
  std::shared_ptr<arrow::RecordBatch> rows;
  /// Where they came from, and the position after the last of them. Both are empty where
  /// the source cannot be read again from a position. The position alone is empty where
  /// the split cannot be read again from just there (in the middle of a snapshot, of a
  /// transaction): an epoch does not end before a position comes.
  SplitId split = {};
  Position position = {};
};

/// A split has no more rows, and never will.
struct SplitEnded {
  SplitId split;
  Position position;
};

/// Nothing came in the time given.
struct Idle {};

/// Every split that was assigned has ended.
struct End {};

using Event = std::variant<Batch, SplitEnded, Idle, End>;

}  // namespace velo
