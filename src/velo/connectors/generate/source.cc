#include "velo/connectors/generate/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace velo::generate {
namespace {

// A table with a rate comes in steps of this length, or of one row.
constexpr int64_t kStepsPerSecond = 20;

Result<std::vector<Column>> select_columns(const Table& table,
                                           const std::string& resource,
                                           const std::vector<std::string>& names) {
  std::vector<Column> columns;
  for (const std::string& name : names) {
    const auto found = std::ranges::find_if(table.columns, [&](const Column& column) {
      return column.field->name() == name;
    });
    if (found == table.columns.end()) {
      std::vector<std::string_view> known;
      for (const Column& column : table.columns) known.push_back(column.field->name());
      const std::string_view nearest = nearest_name(name, known);
      return make_error(
          ErrorKind::kInvalidArgument, {.connector = "generate", .resource = resource},
          nearest.empty()
              ? fmt::format("no column '{}'; the columns are {}", name,
                            fmt::join(known, ", "))
              : fmt::format("no column '{}', did you mean '{}'?", name, nearest));
    }
    columns.push_back(*found);
  }
  return columns;
}

class GenerateReader : public DataReader {
 public:
  GenerateReader(const GenerateOptions& options, std::string name,
                 std::vector<Column> columns, int64_t num_rows, Clock& clock)
      : name_(std::move(name)),
        columns_(std::move(columns)),
        seed_(options.seed),
        num_rows_(num_rows),
        batch_rows_(options.batch_rows),
        rows_per_second_(options.rows_per_second),
        clock_(clock) {
    if (rows_per_second_ > 0) {
      const int64_t step = std::max<int64_t>(rows_per_second_ / kStepsPerSecond, 1);
      batch_rows_ = std::min(batch_rows_, step);
    }
  }

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    if (!error_.ok()) return error_;
    if (has_begun_ && next_row_ == num_rows_) return std::optional<Batch>();
    auto batch = read_next(stop);
    if (!batch.ok()) error_ = batch.status();
    return batch;
  }

 private:
  Result<std::optional<Batch>> read_next(std::stop_token stop) {
    if (!has_begun_) begin_ = clock_.now();
    has_begun_ = true;
    if (!wait_for_turn(stop)) {
      return make_error(ErrorKind::kCancelled,
                        {.connector = "generate", .resource = name_}, "stopped");
    }
    const RowRange rows{next_row_, std::min(batch_rows_, num_rows_ - next_row_)};
    ARROW_ASSIGN_OR_RAISE(auto batch, make_rows(columns_, seed_, rows));
    next_row_ += rows.num_rows;
    return Batch{std::move(batch)};
  }

  /// False when `stop` was requested.
  bool wait_for_turn(std::stop_token stop) {
    if (rows_per_second_ == 0) return !stop.stop_requested();
    const std::chrono::duration<double> due(static_cast<double>(next_row_) /
                                            static_cast<double>(rows_per_second_));
    return clock_.wait_until(
        begin_ + std::chrono::duration_cast<std::chrono::nanoseconds>(due), stop);
  }

  const std::string name_;
  const std::vector<Column> columns_;
  const uint64_t seed_;
  const int64_t num_rows_;
  int64_t batch_rows_;
  const int64_t rows_per_second_;
  Clock& clock_;
  Clock::Time begin_{};
  int64_t next_row_ = 0;
  bool has_begun_ = false;
  Status error_;
};

}  // namespace

Result<std::unique_ptr<DataSource>> GenerateSource::make(const Uri& uri, Clock& clock) {
  ARROW_ASSIGN_OR_RAISE(const GenerateOptions options, GenerateOptions::from_uri(uri));
  return std::unique_ptr<DataSource>(new GenerateSource(
      options, redact_uri({.scheme = uri.scheme, .path = uri.path}), clock));
}

Result<std::shared_ptr<arrow::Schema>> GenerateSource::fetch_schema() {
  return schema_of(options_.table->columns);
}

Result<std::unique_ptr<DataReader>> GenerateSource::create_reader(
    const ReadOptions& options) {
  std::vector<Column> columns = options_.table->columns;
  if (options.columns) {
    ARROW_ASSIGN_OR_RAISE(columns,
                          select_columns(*options_.table, name_, *options.columns));
  }
  const int64_t limit = std::max<int64_t>(options.limit.value_or(options_.num_rows), 0);
  return std::make_unique<GenerateReader>(options_, name_, std::move(columns),
                                          std::min(limit, options_.num_rows), clock_);
}

}  // namespace velo::generate
