#pragma once

#include <cstdint>
#include <memory>

#include "velo/connectors/stdio/options.h"
#include "velo/sink.h"
#include "velo/uri.h"

namespace velo::stdio {

/// Standard output, through a format or as a table. Rows appear as they are written, a
/// table at finish(); what has appeared is not taken back by abort(). Threads:
/// thread-compatible.
class StdoutSink : public DataSink {
 public:
  /// `descriptor` stays open and belongs to the caller.
  static Result<std::unique_ptr<DataSink>> make(const Uri& uri, int descriptor);

  void limit_memory(int64_t bytes_per_writer) override {
    memory_bytes_ = bytes_per_writer;
  }
  Status validate_schema(const arrow::Schema& schema) override;
  Result<std::unique_ptr<DataWriter>> create_writer(const WriteOptions&) override;
  bool supports_transactions() const override { return false; }
  bool supports_upsert() const override { return false; }

 private:
  StdoutSink(StdoutOptions options, int descriptor)
      : options_(std::move(options)), descriptor_(descriptor) {}

  const StdoutOptions options_;
  const int descriptor_;
  int64_t memory_bytes_ = int64_t{128} << 20;
};

}  // namespace velo::stdio
