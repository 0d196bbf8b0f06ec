#pragma once

/// Rows as COPY … (FORMAT binary) has them:
///
///     data  := "PGCOPY\n\377\r\n\0" flags:int32 size:int32 extension row … -1:int16
///     row   := num_fields:int16 field …
///     field := -1:int32 | size:int32 bytes
///
/// Numbers are big-endian; dates and times count from 2000-01-01.
/// Source: PostgreSQL manual, COPY, Binary Format.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/postgresql/types.h"
#include "velo/error.h"

namespace velo::postgresql {

/// Encodes batches of one schema. Threads: thread-compatible.
class CopyEncoder {
 public:
  /// `columns` are the table's, in the schema's order.
  /// Errors: kSchemaMismatch naming a column whose values the table's could lose.
  static Result<std::unique_ptr<CopyEncoder>> make(
      const arrow::Schema& schema, const std::vector<ResultColumn>& columns);
  virtual ~CopyEncoder() = default;

  /// What comes before the first row, and after the last.
  static std::string_view header();
  static std::string_view trailer();

  /// Append all rows. Errors: kCorruptData naming column and row, for a value that
  /// PostgreSQL cannot hold.
  virtual Status append(const arrow::RecordBatch& rows, std::string& bytes) = 0;
};

/// Decodes the rows of one COPY. Threads: thread-compatible.
class CopyDecoder {
 public:
  /// Decodes rows with these columns. Errors: kNotImplemented for a type that it does not
  /// read.
  static Result<std::unique_ptr<CopyDecoder>> make(std::shared_ptr<arrow::Schema> schema);
  virtual ~CopyDecoder() = default;

  /// Decode what libpq hands out at once: the header, a row, or the end. Errors:
  /// kCorruptData with the row's number and the column.
  virtual Status decode(std::string_view bytes) = 0;

  virtual int64_t num_rows() const = 0;  ///< not taken yet
  /// About the memory that they take.
  virtual int64_t num_bytes() const = 0;

  /// Take the rows decoded since the last call.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> take() = 0;
};

}  // namespace velo::postgresql
