#pragma once

/// Rows in memory that a query reads in the place of a source.

#include <arrow/record_batch.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/source.h"

namespace velo::sql {

class OpenSource;

/// Threads: safe.
class HeldRows {
 public:
  virtual ~HeldRows() = default;

  /// All of them, by the columns that are asked for.
  virtual Result<arrow::RecordBatchVector> rows(const std::vector<std::string>& columns,
                                                std::stop_token stop) = 0;
};

/// The batch of a source that goes on which a query is being run on.
class HeldBatch : public HeldRows {
 public:
  void set(std::shared_ptr<arrow::RecordBatch> rows);

  Result<arrow::RecordBatchVector> rows(const std::vector<std::string>& columns,
                                        std::stop_token stop) override;

 private:
  std::mutex mutex_;
  std::shared_ptr<arrow::RecordBatch> rows_;  // guarded by mutex_
};

/// How much of the sources that end is held for a statement, and for how long.
struct HoldOptions {
  int64_t memory_bytes = 0;
  std::optional<std::chrono::milliseconds> refresh;  ///< when they are read again
};

/// A source that ends, read when it is first needed, and again after
/// HoldOptions::refresh.
class HeldSource : public HeldRows {
 public:
  HeldSource(std::shared_ptr<OpenSource> source, HoldOptions options)
      : source_(std::move(source)), options_(options) {}

  /// Errors: those of the source, a bad record's; kSystem where its columns need more
  /// memory than there is, and where it is gone since it was read first.
  Result<arrow::RecordBatchVector> rows(const std::vector<std::string>& columns,
                                        std::stop_token stop) override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Loaded {
    std::vector<std::string> columns;
    arrow::RecordBatchVector rows;
    Clock::time_point since;
  };

  Result<arrow::RecordBatchVector> load(const std::vector<std::string>& columns,
                                        const std::stop_token& stop) const;
  Status cannot_refresh(const Status& failure) const;

  const std::shared_ptr<OpenSource> source_;
  const HoldOptions options_;
  std::mutex mutex_;
  std::vector<Loaded> loaded_;  // guarded by mutex_
};

/// A reader of held rows by the columns asked for, of which there are some.
std::unique_ptr<DataReader> read_held_rows(std::shared_ptr<HeldRows> rows,
                                           std::vector<std::string> columns);

}  // namespace velo::sql
