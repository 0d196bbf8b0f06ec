#include "velo/sql/fan_out_sink.h"

#include <algorithm>
#include <utility>

namespace velo::sql {
namespace {

class FanOutWriter : public DataWriter {
 public:
  explicit FanOutWriter(std::vector<std::unique_ptr<DataWriter>> writers)
      : writers_(std::move(writers)) {}

  Status write(const Batch& batch, std::stop_token stop) override {
    for (const auto& writer : writers_) ARROW_RETURN_NOT_OK(writer->write(batch, stop));
    return Status::OK();
  }

  Status finish() override {
    for (const auto& writer : writers_) ARROW_RETURN_NOT_OK(writer->finish());
    return Status::OK();
  }

  void abort() noexcept override {
    for (const auto& writer : writers_) writer->abort();
  }

  int64_t bytes_written() const override {
    int64_t num_bytes = 0;
    for (const auto& writer : writers_) num_bytes += writer->bytes_written();
    return num_bytes;
  }

 private:
  const std::vector<std::unique_ptr<DataWriter>> writers_;
};

class FanOutSink : public DataSink {
 public:
  explicit FanOutSink(std::vector<std::unique_ptr<DataSink>> sinks)
      : sinks_(std::move(sinks)) {}

  void limit_memory(int64_t bytes_per_writer) override {
    for (const auto& sink : sinks_) {
      sink->limit_memory(bytes_per_writer / static_cast<int64_t>(sinks_.size()));
    }
  }

  Status validate_schema(const arrow::Schema& schema) override {
    for (const auto& sink : sinks_) ARROW_RETURN_NOT_OK(sink->validate_schema(schema));
    return Status::OK();
  }

  Result<std::unique_ptr<DataWriter>> create_writer(
      const WriteOptions& options) override {
    std::vector<std::unique_ptr<DataWriter>> writers;
    for (const auto& sink : sinks_) {
      ARROW_ASSIGN_OR_RAISE(auto writer, sink->create_writer(options));
      writers.push_back(std::move(writer));
    }
    return std::make_unique<FanOutWriter>(std::move(writers));
  }

  bool supports_transactions() const override { return false; }
  bool supports_upsert() const override {
    return std::all_of(sinks_.begin(), sinks_.end(),
                       [](const auto& sink) { return sink->supports_upsert(); });
  }

 private:
  const std::vector<std::unique_ptr<DataSink>> sinks_;
};

}  // namespace

std::unique_ptr<DataSink> make_fan_out_sink(
    std::vector<std::unique_ptr<DataSink>> sinks) {
  return std::make_unique<FanOutSink>(std::move(sinks));
}

}  // namespace velo::sql
