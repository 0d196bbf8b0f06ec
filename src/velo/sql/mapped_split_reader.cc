#include "velo/sql/mapped_split_reader.h"

#include <utility>
#include <variant>

#include "velo/base/first_failure.h"

namespace velo::sql {
namespace {

class MappedSplitReader : public SplitReader {
 public:
  MappedSplitReader(std::unique_ptr<SplitReader> reader, RowsFunction function,
                    ChangeFunction change)
      : reader_(std::move(reader)),
        function_(std::move(function)),
        change_(std::move(change)) {}

  Status assign(std::span<const SplitStart> splits) override {
    return reader_->assign(splits);
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(limits, stop); });
  }

  Status acknowledge(const Positions& positions) override {
    return reader_->acknowledge(positions);
  }

  Lag lag() override { return reader_->lag(); }

 private:
  Result<Event> read_next(const PollLimits& limits, const std::stop_token& stop) {
    ARROW_ASSIGN_OR_RAISE(Event event, reader_->poll(limits, stop));
    if (auto* batch = std::get_if<Batch>(&event)) {
      ARROW_ASSIGN_OR_RAISE(batch->rows, function_(std::move(batch->rows), stop));
    } else if (auto* change = std::get_if<SchemaChange>(&event)) {
      if (!change_) {
        return make_error(ErrorKind::kInternal, {.resource = change->split},
                          "the columns have changed, and nobody asked for that");
      }
      ARROW_ASSIGN_OR_RAISE(change->schema, change_(change->schema));
    }
    return event;
  }

  const std::unique_ptr<SplitReader> reader_;
  const RowsFunction function_;
  const ChangeFunction change_;
  FirstFailure failure_;
};

class MappedReader : public DataReader {
 public:
  MappedReader(std::unique_ptr<DataReader> reader, RowsFunction function)
      : reader_(std::move(reader)), function_(std::move(function)) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(stop); });
  }

 private:
  Result<std::optional<Batch>> read_next(const std::stop_token& stop) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->read(stop));
    if (batch) {
      ARROW_ASSIGN_OR_RAISE(batch->rows, function_(std::move(batch->rows), stop));
    }
    return batch;
  }

  const std::unique_ptr<DataReader> reader_;
  const RowsFunction function_;
  FirstFailure failure_;
};

}  // namespace

std::unique_ptr<SplitReader> map_batches(std::unique_ptr<SplitReader> reader,
                                         RowsFunction function, ChangeFunction change) {
  return std::make_unique<MappedSplitReader>(std::move(reader), std::move(function),
                                             std::move(change));
}

std::unique_ptr<DataReader> map_batches(std::unique_ptr<DataReader> reader,
                                        RowsFunction function) {
  return std::make_unique<MappedReader>(std::move(reader), std::move(function));
}

}  // namespace velo::sql
