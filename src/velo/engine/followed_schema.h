#pragma once

/// The columns that a sink is given, while those of the source change.

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "velo/pipeline.h"

namespace velo::engine {

/// The schema in force, and what becomes of rows that have another. Threads:
/// thread-compatible.
class FollowedSchema {
 public:
  /// `text` is the schema that is in the record, Fingerprint::schema: what freezes.
  FollowedSchema(OnSchemaChange policy, std::shared_ptr<arrow::Schema> schema,
                 std::string text)
      : policy_(policy), schema_(std::move(schema)), text_(std::move(text)) {}

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// Take note of a change; whether schema() is another since. A column that is gone
  /// stays, and is NULL from now on; but where rows are applied to others by their key,
  /// that would take its values away there, and it leaves the schema. Errors:
  /// kSchemaMismatch where the change cannot be followed, with its place.
  Result<bool> follow(const SchemaChange& change);

  /// Bring a batch to the schema. Errors: kSchemaMismatch for a value that it does not
  /// hold.
  Status fit(Batch& batch);

  int64_t num_rows_cut() const { return num_rows_cut_; }
  const std::set<std::string>& columns_cut() const { return columns_cut_; }

 private:
  Result<std::shared_ptr<arrow::Schema>> evolved(const SchemaChange& change) const;
  std::shared_ptr<arrow::Schema> frozen(const SchemaChange& change) const;
  std::shared_ptr<arrow::Schema> without_what_is_gone(const SchemaChange& change) const;
  void count_cut(const arrow::RecordBatch& rows);

  const OnSchemaChange policy_;
  std::shared_ptr<arrow::Schema> schema_;
  const std::string text_;
  std::string last_place_;  // of a change
  int64_t num_rows_cut_ = 0;
  std::set<std::string> columns_cut_;
};

}  // namespace velo::engine
