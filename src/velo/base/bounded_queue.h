#pragma once

/// A queue between two threads that holds at most so many bytes.

#include <chrono>
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
/// alone, when the queue is empty; one of no bytes always has room. Threads: safe for any
/// number of pushers and poppers.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(int64_t max_bytes) : max_bytes_(max_bytes) {}

  /// Push, blocking while the queue is full. False when the queue was closed, or `stop`
  /// was requested while there was no room: the item is dropped.
  bool push(T item, int64_t num_bytes, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return closed_ || has_room(num_bytes); });
    return push_if_room(item, num_bytes, lock);
  }

  /// As push(), but only so long. The item is moved from only where this is true.
  bool push_for(T& item, int64_t num_bytes, std::chrono::nanoseconds longest,
                std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, longest,
                      [&] { return closed_ || has_room(num_bytes); });
    return push_if_room(item, num_bytes, lock);
  }

  /// Bytes of the items in it.
  int64_t num_bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
  }

  bool is_closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }

  /// What close() was given.
  Status error() const {
    std::lock_guard lock(mutex_);
    return error_;
  }

  /// Pop, blocking while the queue is empty and open. nullopt at the end, or when `stop`
  /// was requested. The error given to close() comes after the items pushed before it.
  Result<std::optional<T>> pop(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    return take_first(stop);
  }

  /// As pop(), but only so long: nullopt too when nothing came in that time.
  Result<std::optional<T>> pop_for(std::chrono::nanoseconds longest,
                                   std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, longest, [&] { return closed_ || !items_.empty(); });
    return take_first(stop);
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
  // With mutex_ held.
  bool has_room(int64_t num_bytes) const {
    return num_bytes == 0 || items_.empty() || bytes_ + num_bytes <= max_bytes_;
  }

  bool push_if_room(T& item, int64_t num_bytes, const std::unique_lock<std::mutex>&) {
    if (closed_ || !has_room(num_bytes)) return false;
    items_.emplace_back(std::move(item), num_bytes);
    bytes_ += num_bytes;
    changed_.notify_all();
    return true;
  }

  Result<std::optional<T>> take_first(const std::stop_token& stop) {
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

  const int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::deque<std::pair<T, int64_t>> items_;
  int64_t bytes_ = 0;
  bool closed_ = false;
  Status error_;
};

}  // namespace velo
