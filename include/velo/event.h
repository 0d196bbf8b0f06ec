#pragma once

/// What comes out of a source.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "velo/error.h"
#include "velo/position.h"

namespace velo {

/// A record that is no row: it does not parse, or does not fit its columns.
struct BadRecord {
  Status error;       ///< what its source would have failed with; says where it stands
  std::string bytes;  ///< as they came; of one that is too large, the beginning
  /// After it. Compares as the positions of its split do, but need not be one to go on
  /// from; empty where the source has none.
  Position position = {};
};
using BadRecords = std::vector<BadRecord>;

/// Rows on their way from a source to a sink. Cheap to copy: it shares its columns.
struct Batch {
  std::shared_ptr<arrow::RecordBatch> rows;
  /// Where they came from, and the position after the last of them. Both are empty where
  /// the source cannot be read again from a position. The position alone is empty where
  /// the split cannot be read again from just there (in the middle of a snapshot, of a
  /// transaction): an epoch does not end before a position comes.
  SplitId split = {};
  Position position = {};
  /// Those that came with the rows, before `position`, in their order; nullptr for none.
  /// See DataSource::keep_bad_records.
  std::shared_ptr<const BadRecords> bad = nullptr;
};

/// The rows of a split that follow have other columns than those before.
struct SchemaChange {
  SplitId split;
  std::shared_ptr<arrow::Schema> schema;  ///< of the batches that follow
  /// Whether what it does not name is gone for good. Else it may come again, of another
  /// split or reader.
  bool drops_columns = false;
  std::string place = {};  ///< where it was seen, for people: "offset 12"
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

using Event = std::variant<Batch, SplitEnded, Idle, End, SchemaChange>;

}  // namespace velo
