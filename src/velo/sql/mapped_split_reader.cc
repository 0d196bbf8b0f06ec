#include "velo/sql/mapped_split_reader.h"

#include <utility>
#include <variant>

namespace velo::sql {
namespace {

class MappedSplitReader : public SplitReader {
 public:
  MappedSplitReader(std::unique_ptr<SplitReader> reader, RowsFunction function)
      : reader_(std::move(reader)), function_(std::move(function)) {}

  Status assign(std::span<const SplitStart> splits) override {
    return reader_->assign(splits);
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    if (!failure_.ok()) return failure_;
    auto event = reader_->poll(limits, std::move(stop));
    if (event.ok()) {
      if (auto* batch = std::get_if<Batch>(&*event)) {
        auto rows = function_(std::move(batch->rows));
        failure_ = rows.status();
        if (rows.ok()) batch->rows = *std::move(rows);
      }
    }
    if (!failure_.ok()) return failure_;
    return event;
  }

  Status acknowledge(const Positions& positions) override {
    return reader_->acknowledge(positions);
  }

 private:
  const std::unique_ptr<SplitReader> reader_;
  const RowsFunction function_;
  Status failure_;
};

}  // namespace

std::unique_ptr<SplitReader> map_batches(std::unique_ptr<SplitReader> reader,
                                         RowsFunction function) {
  return std::make_unique<MappedSplitReader>(std::move(reader), std::move(function));
}

}  // namespace velo::sql
