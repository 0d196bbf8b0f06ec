#include "velo/stream.h"

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>

#include <utility>

namespace velo {
namespace {

class SourceBatches : public arrow::RecordBatchReader {
 public:
  SourceBatches(std::unique_ptr<DataSource> source, std::unique_ptr<DataReader> reader,
                std::stop_token stop, std::shared_ptr<arrow::RecordBatch> first)
      : source_(std::move(source)),
        reader_(std::move(reader)),
        stop_(std::move(stop)),
        next_(std::move(first)),
        schema_(next_->schema()) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* rows) override {
    *rows = std::exchange(next_, nullptr);
    if (*rows) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->read(stop_));
    if (batch) *rows = std::move(batch->rows);
    return Status::OK();
  }

 private:
  const std::unique_ptr<DataSource> source_;
  const std::unique_ptr<DataReader> reader_;
  const std::stop_token stop_;
  std::shared_ptr<arrow::RecordBatch> next_;
  const std::shared_ptr<arrow::Schema> schema_;
};

Status write_all(arrow::RecordBatchReader& batches, DataWriter& writer,
                 const std::stop_token& stop, Progress& progress) {
  // First none, so that the columns arrive even when no rows do.
  ARROW_ASSIGN_OR_RAISE(auto rows, arrow::RecordBatch::MakeEmpty(batches.schema()));
  while (rows) {
    if (stop.stop_requested()) {
      return make_error(ErrorKind::kCancelled, {}, "stopped before the end was reached");
    }
    progress.num_rows += rows->num_rows();
    ARROW_RETURN_NOT_OK(writer.write(Batch{std::move(rows)}, stop));
    auto next = batches.Next();
    if (!next.ok()) return annotate(next.status(), "the stream to be written");
    rows = *std::move(next);
  }
  return writer.finish();
}

}  // namespace

Status export_stream(std::unique_ptr<DataSource> source, const ReadOptions& options,
                     std::stop_token stop, ArrowArrayStream* stream) {
  ARROW_ASSIGN_OR_RAISE(auto reader, source->create_reader(options));
  ARROW_ASSIGN_OR_RAISE(auto first, reader->read(stop));
  if (!first) {
    return make_error(ErrorKind::kInternal, {},
                      "a source yielded not even an empty batch");
  }
  return arrow::ExportRecordBatchReader(
      std::make_shared<SourceBatches>(std::move(source), std::move(reader),
                                      std::move(stop), std::move(first->rows)),
      stream);
}

Result<Progress> write_stream(ArrowArrayStream* stream, DataSink& sink,
                              std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(const auto batches, arrow::ImportRecordBatchReader(stream));
  ARROW_RETURN_NOT_OK(sink.validate_schema(*batches->schema()));
  ARROW_ASSIGN_OR_RAISE(const auto writer, sink.create_writer({.all_at_once = true}));
  Progress progress;
  ARROW_RETURN_NOT_OK(write_all(*batches, *writer, stop, progress));
  progress.bytes_written = writer->bytes_written();
  progress.elapsed = std::chrono::steady_clock::now() - start;
  return progress;
}

}  // namespace velo
