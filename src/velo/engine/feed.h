#pragma once

/// The reading side of a running pipeline.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "velo/base/bounded_queue.h"
#include "velo/engine/feed_reader.h"
#include "velo/source.h"

namespace velo::engine {

/// How a source is read.
struct FeedOptions {
  ReadOptions read;
  /// The most readers, each with a thread and splits of its own. A source of fewer splits
  /// has as many as these.
  int num_readers = 1;
  int64_t queue_bytes = 0;   ///< of rows that wait to be taken
  bool measure_lag = false;  ///< see RunOptions
};

/// Finds the splits of a source and reads them, ahead of those who take what was read: a
/// thread looks for splits, and readers read them. What comes of one split comes in its
/// order, by one reader. Threads: thread-compatible.
class Feed {
 public:
  /// Begin to read. Each split goes on where `from` says. The source outlives the feed.
  static Result<std::unique_ptr<Feed>> start(SplitSource& source, FeedOptions options,
                                             Positions from);

  /// Joins the threads.
  ~Feed() = default;

  /// Take what was read next; Idle where nothing came in that time; End once, when all
  /// splits have ended and none can come. Errors: those of the source, after what was
  /// read before them.
  Result<Event> next(std::chrono::nanoseconds longest, std::stop_token stop);

  /// Whether the source has told of its splits: it was there, and let us in. Threads:
  /// any.
  bool has_begun() const { return has_begun_.load(std::memory_order_relaxed); }

  /// See SplitReader::acknowledge.
  Status acknowledge(const Positions& positions);

  /// See SplitReader::lag, of all readers; a second old at most. Empty where it is not
  /// measured.
  Lag lag() const;

  /// Bytes of rows that were read and wait to be taken.
  int64_t queued_bytes() const { return queue_.num_bytes(); }

 private:
  Feed(SplitSource& source, FeedOptions options, Positions from,
       std::unique_ptr<SplitDiscovery> discovery, std::unique_ptr<SplitReader> first);

  Status find_all(const std::stop_token& stop);
  Status look_for_splits(std::chrono::milliseconds max_wait, const std::stop_token& stop);
  Status check_none_is_gone() const;
  Status assign(std::vector<SplitStart> splits);
  Result<size_t> next_reader();
  void add_reader(std::unique_ptr<SplitReader> reader);
  bool have_ended() const;
  /// Wait until a reader has ended; false where a stop came first.
  bool wait_for_end(std::chrono::milliseconds longest, const std::stop_token& stop);

  SplitSource& source_;
  const FeedOptions options_;
  const Positions from_;
  const std::unique_ptr<SplitDiscovery> discovery_;
  BoundedQueue<Event> queue_;
  std::atomic<bool> has_begun_{false};

  // The looking thread's own.
  std::set<SplitId> unseen_;  // of from_, not found yet
  bool complete_ = false;     // all splits are known
  size_t last_reader_ = 0;    // to which a split was given

  mutable std::mutex mutex_;
  std::condition_variable_any ended_;
  // Guarded by mutex_. Readers are only added.
  std::vector<std::unique_ptr<FeedReader>> readers_;
  std::map<SplitId, size_t> reader_of_;

  std::jthread thread_;  // last: stopped and joined before the rest goes
};

}  // namespace velo::engine
