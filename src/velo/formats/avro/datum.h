#pragma once

/// Single values without a file around them, as messages hold them.

#include <arrow/record_batch.h>

#include <memory>
#include <string_view>
#include <vector>

#include "velo/formats/avro/program.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::avro {

/// Decodes datums of one writer's schema into rows. Threads: thread-compatible.
class DatumDecoder {
 public:
  /// Errors: as Program::compile.
  static Result<std::unique_ptr<DatumDecoder>> make(
      SchemaPtr written, SchemaPtr wanted, int64_t max_record_bytes = kMaxRecordBytes);

  const std::shared_ptr<arrow::Schema>& schema() const { return program_->schema(); }
  int64_t num_rows() const { return program_->num_rows(); }

  /// About how much memory the rows so far take.
  int64_t num_bytes() const {
    return run_.num_bytes + program_->num_rows() * program_->row_bytes();
  }

  /// Append the row of a datum, which is all of `bytes`. Errors: kCorruptData with the
  /// offset of the byte and the field; the rows before stay, and others can follow.
  Status append(std::string_view bytes);

  /// The rows so far; begins anew. Errors: kSystem (no memory).
  Result<std::shared_ptr<arrow::RecordBatch>> finish();

 private:
  DatumDecoder() = default;

  std::unique_ptr<Program> program_;
  int64_t max_record_bytes_ = 0;
  Run run_;
  std::vector<uint8_t> padded_;
};

}  // namespace velo::formats::avro
