#pragma once

/// One of the readers of a running pipeline.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "velo/base/bounded_queue.h"
#include "velo/source.h"

namespace velo::engine {

/// Reads the splits that it is given on a thread of its own, into a queue that it may
/// share. While there is no room, the source is only asked to keep its connection. An
/// error closes the queue. Threads: safe.
class FeedReader {
 public:
  struct Options {
    int64_t most_bytes_at_once = 0;  ///< see PollLimits
    bool measure_lag = false;
  };

  /// The queue outlives the reader. `on_end`: called on the reader's thread whenever all
  /// that it was given has ended.
  FeedReader(std::unique_ptr<SplitReader> reader, BoundedQueue<Event>& queue,
             Options options, std::function<void()> on_end);

  /// Give it more splits.
  void assign(std::vector<SplitStart> splits);

  /// Whether all that it was given has ended, and is in the queue.
  bool has_ended() const;

  /// See SplitReader::acknowledge.
  Status acknowledge(const Positions& positions) {
    return reader_->acknowledge(positions);
  }

  /// See SplitReader::lag; a second old at most. nullopt where it was not measured.
  std::optional<Lag> lag() const;

 private:
  Status read_all(const std::stop_token& stop);
  /// What was given meanwhile; waits for it where there is nothing to read.
  std::vector<SplitStart> take_assigned(const std::stop_token& stop);
  void end();
  Status hand_on(Event event, const std::stop_token& stop);
  Result<Event> poll(const PollLimits& limits, const std::stop_token& stop);

  const std::unique_ptr<SplitReader> reader_;
  BoundedQueue<Event>& queue_;
  const Options options_;
  const std::function<void()> on_end_;
  std::chrono::steady_clock::time_point next_measure_{};  // the thread's own
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<SplitStart> assigned_;  // guarded by mutex_
  bool has_ended_ = true;             // guarded by mutex_
  std::optional<Lag> lag_;            // guarded by mutex_
  std::jthread thread_;               // last: stopped and joined before the rest goes
};

}  // namespace velo::engine
