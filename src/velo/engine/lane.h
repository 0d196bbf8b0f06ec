#pragma once

/// One writer of a running pipeline.

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <stop_token>
#include <thread>
#include <variant>

#include "velo/base/bounded_queue.h"
#include "velo/commit.h"

namespace velo::engine {

/// A writer on a thread of its own, with a queue before it. Threads: thread-compatible.
class Lane {
 public:
  /// `halt` is requested when the writer fails. The observer outlives the lane.
  Lane(std::unique_ptr<EpochWriter> writer, int64_t queue_bytes, CommitObserver& observer,
       std::stop_source halt);

  /// Stops the thread, dropping what is queued, and joins it.
  ~Lane();

  /// Queue a batch to write, blocking while the queue is full; `waiting` is called about
  /// once a second meanwhile. Errors: the first that the writer made; kCancelled.
  Status write(Batch batch, const std::stop_token& stop,
               const std::function<void()>& waiting);

  /// Have the writer take rows of other columns, once all that is queued is written. A
  /// failed lane answers with its error.
  std::future<Status> change_schema(std::shared_ptr<arrow::Schema> schema);

  /// Have the epoch prepared, once all that is queued is written. A failed lane answers
  /// with its error.
  std::future<Result<CommitToken>> prepare(CommitRecord record);

  /// What the writer has failed with; OK while it has not.
  Status failure() const { return queue_.error(); }

  /// Bytes of rows that wait to be written.
  int64_t queued_bytes() const { return queue_.num_bytes(); }

  /// See EpochWriter::bytes_written.
  int64_t bytes_written() const { return bytes_written_.load(std::memory_order_relaxed); }

 private:
  struct Prepare {
    CommitRecord record;
    std::promise<Result<CommitToken>> answer;
  };
  struct Change {
    std::shared_ptr<arrow::Schema> schema;
    std::promise<Status> answer;
  };
  using Work = std::variant<Batch, Prepare, Change>;

  Status work(const std::stop_token& stop);
  Status take(Work work, const std::stop_token& stop);
  Status prepare(Prepare& prepare);
  void refuse_queued(const Status& status);

  const std::unique_ptr<EpochWriter> writer_;  // the thread's own
  CommitObserver& observer_;
  BoundedQueue<Work> queue_;
  std::atomic<int64_t> bytes_written_{0};
  std::jthread thread_;  // last: stopped and joined before the rest goes
};

}  // namespace velo::engine
