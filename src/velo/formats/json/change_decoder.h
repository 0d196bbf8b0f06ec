#pragma once

/// Changes in Debezium's envelope (envelope.h), as rows with `_op` and its like.

#include <arrow/builder.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/formats/json/connect_schema.h"
#include "velo/formats/json/envelope.h"
#include "velo/formats/json/inference.h"
#include "velo/formats/json/object_decoder.h"

namespace velo::formats::json {

/// The columns of the rows that a sample of changes speaks of. Threads:
/// thread-compatible.
class ChangeSketch {
 public:
  /// Take the change that is the cursor's next token into account.
  bool observe(Cursor& cursor);

  /// As the schemas say, where there was one, else as the values ask for. Of a column
  /// that two say differently of, the first counts.
  arrow::FieldVector fields() const;

 private:
  bool observe_schema(Cursor& cursor, const ChangeParts& change);

  EnvelopeReader reader_;
  std::string schema_;  // the last
  std::vector<ConnectColumn> of_schema_;
  ValueSketch rows_;
};

/// Appends changes: of a deletion the row as it was, of others the row as it is, and
/// `_op`, `_ts`, `_position`, `_unset`. Threads: thread-compatible.
class ChangeDecoder {
 public:
  /// `fields`: of the rows; `wanted` as of ObjectDecoder. Errors: kSchemaMismatch, also
  /// for a field named like one of a change.
  static Result<ChangeDecoder> make(const arrow::FieldVector& fields,
                                    std::vector<bool> wanted, const ColumnRules& rules);

  /// Append the change that the cursor's next token begins.
  bool decode(Cursor& cursor);

  int64_t num_rows() const { return rows_.num_rows(); }

  /// The columns so far: of the rows, nullptr where it is not wanted, and of the change.
  /// Begins anew.
  Result<arrow::ArrayDataVector> finish();

  void reset();

 private:
  ChangeDecoder(ObjectDecoder rows, arrow::FieldVector fields, std::vector<bool> wanted,
                std::vector<std::shared_ptr<bool>> are_bytes, const ColumnRules& rules)
      : rows_(std::move(rows)),
        fields_(std::move(fields)),
        wanted_(std::move(wanted)),
        are_bytes_(std::move(are_bytes)),
        origin_(rules.origin) {}

  bool decode_row(Cursor& cursor);
  bool append_marks(Cursor& cursor);
  bool meet_schema(Cursor& cursor);
  bool fits(Cursor& cursor, const ConnectColumn& column, size_t field);
  Result<arrow::ArrayDataVector> finish_rows(std::vector<std::string>& unset);

  EnvelopeReader reader_;
  ChangeParts change_;  // at hand
  ObjectDecoder rows_;
  arrow::FieldVector fields_;
  std::vector<bool> wanted_;
  std::vector<std::shared_ptr<bool>> are_bytes_;  // by field: see make_connect_column
  SchemaOrigin origin_;
  std::string schema_;  // of the last change; empty where it had none
  arrow::StringBuilder op_;
  arrow::TimestampBuilder at_{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                              arrow::default_memory_pool()};
  arrow::StringBuilder position_;
  std::string ops_;  // of the rows so far, a letter each
};

}  // namespace velo::formats::json
