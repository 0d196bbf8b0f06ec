#pragma once

/// Rows as FORMAT Native has them, at protocol revision 0, as HTTP gives and takes them:
///
///     data   := block …
///     block  := num_columns:varint num_rows:varint column …
///     column := name:text type:text nulls? values        no values where there are no
///     rows nulls  := one byte a row, 1 where it is NULL         of a Nullable type text
///     := size:varint bytes values := one value a row: numbers in their width,
///     little-endian; a String as text
///
/// `SELECT 1 AS a` is 01 01 01 'a' 05 'UInt8' 01. Source: ClickHouse's documentation,
/// Native format; the types' own pages for the widths.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/clickhouse/types.h"
#include "velo/error.h"

namespace velo::clickhouse {

/// Bytes that come piece by piece.
class ByteInput {
 public:
  virtual ~ByteInput() = default;
  /// The next bytes, alive until the next call; empty at the end.
  virtual Result<std::string_view> next() = 0;
};

/// Decodes block after block. Threads: thread-compatible.
class BlockDecoder {
 public:
  /// `input` outlives the decoder.
  explicit BlockDecoder(ByteInput& input) : input_(input) {}

  /// The next block that has rows; nullptr at the end. Errors: kCorruptData with column
  /// and row; kNotImplemented for a type that is not in the table; those of the input.
  Result<std::shared_ptr<arrow::RecordBatch>> next();

  /// What was read last, decoded or not: after a failure, it may hold the server's words.
  std::string_view last_bytes() const { return buffer_; }

 private:
  Result<bool> at_end();
  Result<uint64_t> read_varint();
  Result<std::string> read_text(size_t max_bytes);
  Result<std::string_view> take(size_t num_bytes);
  Status fill(size_t num_bytes);
  Result<std::shared_ptr<arrow::Array>> read_column(const ColumnType& type,
                                                    int64_t num_rows);
  Result<std::shared_ptr<arrow::Array>> read_strings(int64_t num_rows,
                                                     std::shared_ptr<arrow::Buffer> valid,
                                                     int64_t num_nulls);
  Status corrupt(std::string message) const;

  ByteInput& input_;
  std::string buffer_;
  size_t begin_ = 0;  // of what is not decoded yet
  int64_t rows_before_ = 0;
  std::string column_;  // the one being read
};

/// A column of a table: its name and type.
struct TableColumn {
  std::string name;
  ColumnType type;
};

/// Encodes batches of one schema. Threads: thread-compatible.
class BlockEncoder {
 public:
  /// `columns` are the table's, in the schema's order; `server_zone` is what types
  /// without a time zone mean. Errors: kSchemaMismatch naming a column whose values the
  /// table's could lose.
  static Result<std::unique_ptr<BlockEncoder>> make(
      const arrow::Schema& schema, const std::vector<TableColumn>& columns,
      const std::string& server_zone);
  virtual ~BlockEncoder() = default;

  /// Append one block of all rows. Errors: kCorruptData naming column and row, for a
  /// value that the column cannot hold.
  virtual Status append(const arrow::RecordBatch& rows, std::string& bytes) = 0;
};

}  // namespace velo::clickhouse
