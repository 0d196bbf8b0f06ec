#pragma once

/// A queue between two threads that holds at most so many bytes.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "velo/error.h"

namespace velo {

/// A first-in first-out queue bounded by bytes. An item larger than the bound passes
/// alone, when the queue is empty. Threads: safe for any number of pushers and poppers.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(int64_t max_bytes) : max_bytes_(max_bytes) {}

  /// Push, blocking while the queue is full. False when the queue was closed or `stop`
  /// was requested: the item is dropped.
  bool push(T item, int64_t num_bytes, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    const bool there_is_room = changed_.wait(lock, stop, [&] {
      return closed_ || items_.empty() || bytes_ + num_bytes <= max_bytes_;
    });
    if (!there_is_room || closed_) return false;
    items_.emplace_back(std::move(item), num_bytes);
    bytes_ += num_bytes;
    changed_.notify_all();
    return true;
  }

  /// Pop, blocking while the queue is empty and open. nullopt at the end, or when `stop`
  /// was requested. The error given to close() comes after the items pushed before it.
  Result<std::optional<T>> pop(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    if (!items_.empty() && !stop.stop_requested()) {
      auto [item, num_bytes] = std::move(items_.front());
      items_.pop_front();
      bytes_ -= num_bytes;
      changed_.notify_all();
      return std::optional<T>(std::move(item));
    }
    if (closed_ && !error_.ok()) return error_;
    return std::optional<T>();
  }

  /// End the queue; an error is kept for the popper. The first call counts.
  void close(Status error = Status::OK()) {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    error_ = std::move(error);
    changed_.notify_all();
  }

 private:
  const int64_t max_bytes_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::deque<std::pair<T, int64_t>> items_;
  int64_t bytes_ = 0;
  bool closed_ = false;
  Status error_;
};

}  // namespace velo
