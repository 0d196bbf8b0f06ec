#include "velo/sql/rows_source.h"

#include <utility>

namespace velo::sql {
namespace {

class RowsReader : public DataReader {
 public:
  explicit RowsReader(std::shared_ptr<arrow::RecordBatch> rows)
      : rows_(std::move(rows)) {}

  Result<std::optional<Batch>> read(std::stop_token) override {
    if (!rows_) return std::nullopt;
    return Batch{std::exchange(rows_, nullptr)};
  }

 private:
  std::shared_ptr<arrow::RecordBatch> rows_;
};

class RowsSource : public DataSource {
 public:
  explicit RowsSource(std::shared_ptr<arrow::RecordBatch> rows)
      : rows_(std::move(rows)) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return rows_->schema();
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& options) override {
    if (!options.columns) return std::make_unique<RowsReader>(rows_);
    std::vector<int> indices;
    for (const std::string& name : *options.columns) {
      indices.push_back(rows_->schema()->GetFieldIndex(name));
      if (indices.back() < 0) {
        return make_error(ErrorKind::kInvalidArgument, {},
                          "there is no column '" + name + "'");
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto rows, rows_->SelectColumns(indices));
    return std::make_unique<RowsReader>(std::move(rows));
  }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }

 private:
  const std::shared_ptr<arrow::RecordBatch> rows_;
};

}  // namespace

std::unique_ptr<DataSource> make_rows_source(std::shared_ptr<arrow::RecordBatch> rows) {
  return std::make_unique<RowsSource>(std::move(rows));
}

}  // namespace velo::sql
