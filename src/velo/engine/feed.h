#pragma once

/// The reading side of a running pipeline.

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>

#include "velo/base/bounded_queue.h"
#include "velo/source.h"

namespace velo::engine {

/// Reads the splits of a source on a thread of its own, ahead of those who take what it
/// has read. While they are behind, the source is only asked to keep its connection.
/// Threads: thread-compatible.
class Feed {
 public:
  /// Begin to read. Each split goes on where `from` says. The source outlives the feed.
  static Result<std::unique_ptr<Feed>> start(SplitSource& source,
                                             const ReadOptions& options, Positions from,
                                             int64_t queue_bytes);

  /// Joins the thread.
  ~Feed() = default;

  /// Take what was read next; Idle where nothing came in that time; End once, when all
  /// splits have ended and none can come. Errors: those of the source, after what was
  /// read before them.
  Result<Event> next(std::chrono::nanoseconds longest, std::stop_token stop);

  /// See SplitReader::acknowledge.
  Status acknowledge(const Positions& positions) {
    return reader_->acknowledge(positions);
  }

 private:
  Feed(std::unique_ptr<SplitDiscovery> discovery, std::unique_ptr<SplitReader> reader,
       Positions from, bool once, int64_t queue_bytes)
      : discovery_(std::move(discovery)),
        reader_(std::move(reader)),
        from_(std::move(from)),
        once_(once),
        queue_(queue_bytes) {
    for (const auto& [split, progress] : from_) unseen_.insert(split);
  }

  Status read_all(const std::stop_token& stop);
  Status look_for_splits(std::chrono::milliseconds max_wait, const std::stop_token& stop);
  Status check_none_is_gone() const;
  Status hand_on(Event event, const std::stop_token& stop);

  const std::unique_ptr<SplitDiscovery> discovery_;
  const std::unique_ptr<SplitReader> reader_;
  const Positions from_;
  const bool once_;           // the splits of the first look are all
  std::set<SplitId> unseen_;  // of from_, not found yet; the thread's own
  BoundedQueue<Event> queue_;
  bool complete_ = false;  // all splits are known; the thread's own
  bool ended_ = true;      // those assigned have; the thread's own
  std::jthread thread_;    // last: stopped and joined before the rest goes
};

}  // namespace velo::engine
