#include "velo/engine/limited_source.h"

#include <algorithm>
#include <utility>

namespace velo::engine {
namespace {

class LimitedReader : public DataReader {
 public:
  LimitedReader(std::unique_ptr<DataReader> reader, int64_t limit)
      : reader_(std::move(reader)), rows_left_(limit) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    // The first batch tells the columns, also where no row of it is wanted.
    if (!reader_ || (has_read_ && rows_left_ == 0)) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->read(std::move(stop)));
    has_read_ = true;
    if (!batch) return batch;
    if (batch->rows->num_rows() > rows_left_) {
      batch->rows = batch->rows->Slice(0, rows_left_);
    }
    rows_left_ -= batch->rows->num_rows();
    if (rows_left_ == 0) reader_.reset();
    return batch;
  }

 private:
  std::unique_ptr<DataReader> reader_;
  int64_t rows_left_;
  bool has_read_ = false;
};

class LimitedSource : public DataSource {
 public:
  LimitedSource(std::shared_ptr<DataSource> source, int64_t limit)
      : source_(std::move(source)), limit_(limit) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return source_->fetch_schema();
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& options) override {
    ReadOptions limited = options;
    limited.limit = std::min(options.limit.value_or(limit_), limit_);
    ARROW_ASSIGN_OR_RAISE(auto reader, source_->create_reader(limited));
    return std::make_unique<LimitedReader>(std::move(reader), limit_);
  }

  void keep_bad_records() override { source_->keep_bad_records(); }

  Status set_range(const ReadRange& range) override { return source_->set_range(range); }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }
  bool can_reread() const override { return source_->can_reread(); }

 private:
  const std::shared_ptr<DataSource> source_;
  const int64_t limit_;
};

}  // namespace

std::unique_ptr<DataSource> limit_rows(std::shared_ptr<DataSource> source,
                                       int64_t limit) {
  return std::make_unique<LimitedSource>(std::move(source), limit);
}

}  // namespace velo::engine
