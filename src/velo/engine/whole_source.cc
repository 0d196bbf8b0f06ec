#include "velo/engine/whole_source.h"

#include <optional>
#include <utility>

namespace velo::engine {
namespace {

constexpr char kSplit[] = "all";

class OneSplit : public SplitDiscovery {
 public:
  Result<NewSplits> poll(std::chrono::milliseconds, std::stop_token) override {
    if (std::exchange(found_, true)) return NewSplits{.added = {}, .complete = true};
    return NewSplits{.added = {kSplit}, .complete = true};
  }

 private:
  bool found_ = false;
};

class WholeReader : public SplitReader {
 public:
  explicit WholeReader(std::unique_ptr<DataReader> reader) : reader_(std::move(reader)) {}

  Status assign(std::span<const SplitStart>) override { return Status::OK(); }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    if (limits.max_bytes == 0) return Idle();
    ARROW_ASSIGN_OR_RAISE(std::optional<Batch> batch, reader_->read(std::move(stop)));
    if (!batch) return End();
    return Batch{.rows = std::move(batch->rows), .bad = std::move(batch->bad)};
  }

  Status acknowledge(const Positions&) override { return Status::OK(); }

 private:
  const std::unique_ptr<DataReader> reader_;
};

class WholeSource : public SplitSource {
 public:
  explicit WholeSource(DataSource& source) : source_(source) {}

  std::string identity() const override { return {}; }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    return std::make_unique<OneSplit>();
  }

  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& options) override {
    ARROW_ASSIGN_OR_RAISE(auto reader, source_.create_reader(options));
    return std::make_unique<WholeReader>(std::move(reader));
  }

 private:
  DataSource& source_;
};

}  // namespace

std::unique_ptr<SplitSource> whole_source(DataSource& source) {
  return std::make_unique<WholeSource>(source);
}

}  // namespace velo::engine
