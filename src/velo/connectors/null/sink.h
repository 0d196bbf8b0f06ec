#pragma once

#include <memory>

#include "velo/sink.h"
#include "velo/uri.h"

namespace velo::null {

/// Takes rows of any schema, counts them and lets them go: what a source and the engine
/// cost without a sink. Threads: thread-compatible.
class NullSink : public DataSink {
 public:
  static Result<std::unique_ptr<DataSink>> make(const Uri& uri);

  Status validate_schema(const arrow::Schema& schema) override;
  Result<std::unique_ptr<DataWriter>> create_writer(const WriteOptions&) override;
  bool supports_transactions() const override { return false; }
  bool supports_upsert() const override { return false; }
};

/// Its bytes_written() is the size of the rows in memory.
class NullWriter : public DataWriter {
 public:
  Status write(const Batch& batch, std::stop_token stop) override;
  using DataWriter::write;
  Status finish() override { return Status::OK(); }
  void abort() noexcept override {}
  int64_t bytes_written() const override { return num_bytes_; }

  int64_t num_rows() const { return num_rows_; }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  int64_t num_rows_ = 0;
  int64_t num_bytes_ = 0;
};

}  // namespace velo::null
