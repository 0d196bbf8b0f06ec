#pragma once

/// The reading end of a pipeline.

#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/error.h"

namespace velo {

/// Rows on their way from a source to a sink. Cheap to copy: it shares its columns.
struct Batch {
  std::shared_ptr<arrow::RecordBatch> rows;
};

/// One term of a conjunction: `column OP value`.
struct Comparison {
  enum class Operator : int8_t {
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIsNull,
    kIsNotNull
  };
  std::string column;
  Operator op;
  std::shared_ptr<arrow::Scalar> value;  ///< null for kIsNull and kIsNotNull
};

/// What a reader is asked for. `columns` binds: the batches have exactly these columns,
/// in this order. The rest are hints: a source may use them, and the caller applies them
/// again.
struct ReadOptions {
  std::optional<std::vector<std::string>> columns;
  std::vector<Comparison> predicate;  ///< all must hold; a row that fails may be left out
  std::optional<int64_t> limit;       ///< most rows wanted
};

/// Reads the rows of a source, in batches.
/// Threads: thread-compatible; one thread at a time, which may change between calls.
class DataReader {
 public:
  virtual ~DataReader() = default;

  /// Read the next batch, blocking until there is one; nullopt when the source has ended.
  /// An empty batch is data: a source without rows yields one, so that its schema
  /// arrives. All batches of a reader have the same schema. Errors: any kind; kCancelled
  /// when `stop` was requested. After an error the reader is finished: every later call
  /// returns the same error.
  virtual Result<std::optional<Batch>> read(std::stop_token stop) = 0;

  Result<std::optional<Batch>> read() { return read(std::stop_token()); }
};

/// Something that rows come from: it is opened by a URI and holds no resource until
/// asked. Threads: thread-compatible.
class DataSource {
 public:
  virtual ~DataSource() = default;

  /// Fetch the columns that a reader will yield when it is asked for all of them. For
  /// text formats without `schema=` they are inferred from a sample. Errors: kNotFound,
  /// kPermissionDenied, kCorruptData, kTransient …
  virtual Result<std::shared_ptr<arrow::Schema>> fetch_schema() = 0;

  /// Open a reader at the beginning of the source.
  /// Errors: as fetch_schema; kInvalidArgument for a column that is not there.
  virtual Result<std::unique_ptr<DataReader>> create_reader(
      const ReadOptions& options) = 0;

  Result<std::unique_ptr<DataReader>> create_reader() {
    return create_reader(ReadOptions());
  }

  /// Whether a reader can go on for ever, waiting for rows that do not exist yet.
  virtual bool supports_streaming() const = 0;
  /// Whether a reader can end: what is there now, and no more.
  virtual bool supports_batch() const = 0;
};

}  // namespace velo
