#pragma once

/// A decoder compiled for a pair of schemas: what it was written by, and what is wanted.

#include <arrow/record_batch.h>

#include <cstdint>
#include <memory>

#include "velo/formats/avro/resolution.h"

namespace velo::formats::avro {

/// Decodes records into columns. Threads: thread-compatible.
class Program {
 public:
  /// Compile. A schema that is no record is one with a single field, "value".
  /// Errors: as resolve() and arrow_type_of(); kNotImplemented where a row has more than
  /// kMostRowBytes without any value in it.
  static Result<std::unique_ptr<Program>> compile(SchemaPtr written, SchemaPtr wanted);

  /// The columns, one for each field that is wanted.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// Whether a record takes a byte at least.
  bool records_take_bytes() const { return records_take_bytes_; }

  /// Decode one record; what follows it, or nullptr: the run tells why, and the columns
  /// are without it.
  const uint8_t* decode(const uint8_t* p, Run& run) {
    const uint8_t* next = step_->run(p, run);
    if (next != nullptr) [[likely]] {
      ++num_rows_;
    } else {
      root_->truncate(num_rows_);
    }
    return next;
  }

  /// Forget the last record.
  void drop_last() { root_->truncate(--num_rows_); }

  int64_t num_rows() const { return num_rows_; }

  /// What a row takes in memory, beside what Run::num_bytes counts.
  int64_t row_bytes() const { return row_bytes_; }

  /// The rows so far; begins anew. Errors: kSystem (no memory).
  Result<std::shared_ptr<arrow::RecordBatch>> finish();

 private:
  Program() = default;

  std::shared_ptr<arrow::Schema> schema_;
  bool records_take_bytes_ = true;
  std::unique_ptr<StructColumn> root_;
  StepPtr step_;
  int64_t num_rows_ = 0;
  int64_t row_bytes_ = 0;
};

/// A record as it is, anything else as a record with the field "value".
Result<SchemaPtr> as_record(SchemaPtr schema);

/// A record with these fields of another, in this order.
Result<SchemaPtr> with_fields(const Schema& record, const std::vector<int>& indices);

}  // namespace velo::formats::avro
