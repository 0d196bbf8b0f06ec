#pragma once

#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/postgresql/cdc/captured_table.h"
#include "velo/connectors/postgresql/cdc/change_position.h"
#include "velo/connectors/postgresql/cdc/pgoutput.h"
#include "velo/connectors/postgresql/copy_binary.h"

namespace velo::postgresql {

/// What the columns beside the table's say of a row.
struct ChangeMark {
  char op =
      'r';  ///< r: of the snapshot, c: created, u: updated, d: deleted, t: truncated
  int64_t at = 0;  ///< of its COMMIT, microseconds since 1970-01-01
  ChangePosition position;
};

/// Makes batches of changes. Threads: thread-compatible.
class ChangeRows {
 public:
  /// The table outlives it. `columns`: those asked for, all without.
  static Result<std::unique_ptr<ChangeRows>> make(
      const CapturedTable& table, const std::optional<std::vector<std::string>>& columns);

  /// Append rows of a COPY of the table: what libpq hands out at once.
  Status append_copied(std::string_view bytes, const ChangeMark& mark);

  /// Append a row; a value that was not sent is NULL, and its column is named in
  /// `_unset`. `before`: the row as it was, nullptr where that was not sent; of use where
  /// the table's changes have it. Errors: kCorruptData, for a value that Arrow cannot
  /// hold too.
  Status append(const Tuple& row, const Tuple* before, const ChangeMark& mark);

  /// Append a row without values.
  Status append_empty(const ChangeMark& mark);

  int64_t num_rows() const { return decoder_->num_rows(); }  ///< not taken yet
  int64_t num_bytes() const {
    return decoder_->num_bytes() + (before_ ? before_->num_bytes() : 0);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> take();

 private:
  ChangeRows(const CapturedTable& table, std::unique_ptr<CopyDecoder> decoder)
      : table_(table), decoder_(std::move(decoder)) {}

  // The row as COPY has it, in row_; the columns that were not sent, in unset_of_row_.
  Status encode(const Tuple& row, const ChangeMark& mark);
  Status append_before(const Tuple* before, const ChangeMark& mark);
  Status append_mark(const ChangeMark& mark, std::string_view unset);
  Result<std::shared_ptr<arrow::Array>> take_before(int64_t num_rows);

  const CapturedTable& table_;
  const std::unique_ptr<CopyDecoder> decoder_;
  std::unique_ptr<CopyDecoder> before_;  // nullptr: nobody wants it
  std::shared_ptr<arrow::Schema> schema_;
  std::optional<std::vector<int>> indices_;
  std::string row_;
  std::string unset_of_row_;
  bool has_header_ = false;
  arrow::StringBuilder op_;
  arrow::TimestampBuilder at_{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                              arrow::default_memory_pool()};
  arrow::StringBuilder position_;
  arrow::StringBuilder unset_;
  arrow::TypedBufferBuilder<bool> has_before_;
};

}  // namespace velo::postgresql
