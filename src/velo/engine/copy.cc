#include <thread>
#include <utility>

#include "velo/base/bounded_queue.h"
#include "velo/base/catch_to_status.h"
#include "velo/engine/bad_records.h"
#include "velo/pipeline.h"

namespace velo {
namespace {

using BatchQueue = BoundedQueue<Batch>;

// Reads until the end, an error or a stop.
Status read_into(DataReader& reader, BatchQueue& queue, const std::stop_token& stop) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(std::optional<Batch> batch, reader.read(stop));
    if (!batch) return Status::OK();
    const int64_t num_bytes = engine::bytes_of(*batch);
    if (!queue.push(*std::move(batch), num_bytes, stop)) return Status::OK();
  }
}

Status cancelled() {
  return make_error(ErrorKind::kCancelled, {}, "stopped before the end was reached");
}

}  // namespace

Result<Progress> copy(DataSource& source, DataSink& sink, const CopyOptions& options,
                      std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(auto reader, source.create_reader(options.read));
  ARROW_ASSIGN_OR_RAISE(auto writer, sink.create_writer({.all_at_once = true}));

  BatchQueue queue(options.queue_bytes);
  // Destroyed before the reader and the queue: it asks its thread to stop, then joins it.
  std::jthread reading([&](const std::stop_token& reading_stop) {
    queue.close(catch_to_status("while reading",
                                [&] { return read_into(*reader, queue, reading_stop); }));
  });
  std::stop_callback forward(stop, [&] { reading.request_stop(); });

  Progress progress;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(std::optional<Batch> batch, queue.pop(stop));
    if (stop.stop_requested()) return cancelled();
    if (!batch) break;
    ARROW_RETURN_NOT_OK(writer->write(*batch, stop));
    progress.num_rows += batch->rows->num_rows();
    engine::count_bad_records(*batch, progress);
    progress.bytes_written = writer->bytes_written();
    progress.elapsed = std::chrono::steady_clock::now() - start;
    if (options.on_progress) options.on_progress(progress);
  }
  ARROW_RETURN_NOT_OK(writer->finish());
  progress.bytes_written = writer->bytes_written();
  progress.elapsed = std::chrono::steady_clock::now() - start;
  return progress;
}

}  // namespace velo
