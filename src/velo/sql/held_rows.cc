#include "velo/sql/held_rows.h"

#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/first_failure.h"
#include "velo/sql/open_source.h"

namespace velo::sql {
namespace {

class HeldRowsReader : public DataReader {
 public:
  HeldRowsReader(std::shared_ptr<HeldRows> held, std::vector<std::string> columns)
      : held_(std::move(held)), columns_(std::move(columns)) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(std::move(stop)); });
  }

 private:
  Result<std::optional<Batch>> read_next(std::stop_token stop) {
    if (!rows_) {
      ARROW_ASSIGN_OR_RAISE(rows_, held_->rows(columns_, std::move(stop)));
    }
    if (next_ == rows_->size()) return std::nullopt;
    return Batch{.rows = (*rows_)[next_++]};
  }

  const std::shared_ptr<HeldRows> held_;
  const std::vector<std::string> columns_;
  std::optional<arrow::RecordBatchVector> rows_;
  size_t next_ = 0;
  FirstFailure failure_;
};

}  // namespace

void HeldBatch::set(std::shared_ptr<arrow::RecordBatch> rows) {
  const std::lock_guard lock(mutex_);
  rows_ = std::move(rows);
}

Result<arrow::RecordBatchVector> HeldBatch::rows(const std::vector<std::string>& columns,
                                                 std::stop_token) {
  const std::lock_guard lock(mutex_);
  if (!rows_) return make_error(ErrorKind::kInternal, {}, "no batch is held");
  std::vector<int> indices;
  for (const std::string& name : columns) {
    indices.push_back(rows_->schema()->GetFieldIndex(name));
    if (indices.back() < 0) {
      return make_error(ErrorKind::kInternal, {},
                        fmt::format("column '{}' was not asked for", name));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto rows, rows_->SelectColumns(indices));
  return arrow::RecordBatchVector{std::move(rows)};
}

Result<arrow::RecordBatchVector> HeldSource::rows(const std::vector<std::string>& columns,
                                                  std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  auto found = std::ranges::find(loaded_, columns, &Loaded::columns);
  const auto now = Clock::now();
  const bool is_new = found == loaded_.end();
  if (!is_new && (!options_.refresh || now - found->since < *options_.refresh)) {
    return found->rows;
  }
  auto loaded = load(columns, stop);
  if (!loaded.ok() && !is_new) return cannot_refresh(loaded.status());
  ARROW_ASSIGN_OR_RAISE(auto rows, std::move(loaded));
  if (is_new) found = loaded_.insert(loaded_.end(), {.columns = columns});
  found->rows = std::move(rows);
  found->since = now;
  return found->rows;
}

// What was there when it began and is gone is no fault of what was asked.
Status HeldSource::cannot_refresh(const Status& failure) const {
  if (kind_of(failure) == ErrorKind::kCancelled) return failure;
  const bool is_gone = kind_of(failure) == ErrorKind::kNotFound;
  return make_error(
      is_gone ? ErrorKind::kSystem : kind_of(failure), {.resource = source_->address()},
      fmt::format(
          "it is joined with, and could not be read again (refresh): {}. What was "
          "written so far stays; once it is there, the same statement goes on",
          failure.message()));
}

Result<arrow::RecordBatchVector> HeldSource::load(const std::vector<std::string>& columns,
                                                  const std::stop_token& stop) const {
  ReadOptions read;
  read.columns = columns;
  ARROW_ASSIGN_OR_RAISE(const auto reader, OpenSource::create_reader(source_, read));
  arrow::RecordBatchVector rows;
  int64_t num_bytes = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->read(stop));
    if (!batch) return rows;
    if (batch->bad) return batch->bad->front().error;
    num_bytes += arrow::util::TotalBufferSize(*batch->rows);
    if (num_bytes > options_.memory_bytes) {
      return make_error(
          ErrorKind::kSystem, {.resource = source_->address()},
          fmt::format("it is joined with a source that goes on, so its rows are held in "
                      "memory, and they need more than {} MiB; give more (--memory), or "
                      "select fewer of its columns and rows",
                      options_.memory_bytes >> 20));
    }
    rows.push_back(std::move(batch->rows));
  }
}

std::unique_ptr<DataReader> read_held_rows(std::shared_ptr<HeldRows> rows,
                                           std::vector<std::string> columns) {
  return std::make_unique<HeldRowsReader>(std::move(rows), std::move(columns));
}

}  // namespace velo::sql
