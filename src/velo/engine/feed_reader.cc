#include "velo/engine/feed_reader.h"

#include <utility>
#include <variant>

#include "velo/base/catch_to_status.h"
#include "velo/engine/bad_records.h"

namespace velo::engine {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPollWait{200};
// A source hears from us so often while the sink is behind.
constexpr milliseconds kKeepAlive{1000};
constexpr milliseconds kMeasureEvery{1000};

int64_t size_of(const Event& event) {
  const auto* batch = std::get_if<Batch>(&event);
  return batch ? bytes_of(*batch) : 0;
}

}  // namespace

FeedReader::FeedReader(std::unique_ptr<SplitReader> reader, BoundedQueue<Event>& queue,
                       Options options, std::function<void()> on_end)
    : reader_(std::move(reader)),
      queue_(queue),
      options_(options),
      on_end_(std::move(on_end)),
      thread_([this](const std::stop_token& stop) {
        const Status read =
            catch_to_status("while reading", [&] { return read_all(stop); });
        if (!read.ok()) queue_.close(read);
      }) {}

void FeedReader::assign(std::vector<SplitStart> splits) {
  const std::lock_guard lock(mutex_);
  for (SplitStart& split : splits) assigned_.push_back(std::move(split));
  has_ended_ = false;
  changed_.notify_all();
}

bool FeedReader::has_ended() const {
  const std::lock_guard lock(mutex_);
  return has_ended_;
}

std::vector<SplitStart> FeedReader::take_assigned(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return !has_ended_; });
  return std::exchange(assigned_, {});
}

Status FeedReader::read_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::vector<SplitStart> assigned = take_assigned(stop);
    if (stop.stop_requested()) break;
    if (!assigned.empty()) ARROW_RETURN_NOT_OK(reader_->assign(assigned));
    ARROW_ASSIGN_OR_RAISE(
        Event event,
        poll({.max_bytes = options_.most_bytes_at_once, .max_wait = kPollWait}, stop));
    if (std::holds_alternative<Idle>(event)) continue;
    if (std::holds_alternative<End>(event)) {
      end();
      continue;
    }
    ARROW_RETURN_NOT_OK(hand_on(std::move(event), stop));
  }
  return Status::OK();
}

void FeedReader::end() {
  {
    const std::lock_guard lock(mutex_);
    if (!assigned_.empty()) return;
    has_ended_ = true;
  }
  on_end_();
}

Result<Event> FeedReader::poll(const PollLimits& limits, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(Event event, reader_->poll(limits, stop));
  if (!options_.measure_lag) return event;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_measure_ && !std::holds_alternative<End>(event)) return event;
  next_measure_ = now + kMeasureEvery;
  const Lag lag = reader_->lag();
  const std::lock_guard lock(mutex_);
  lag_ = lag;
  return event;
}

std::optional<Lag> FeedReader::lag() const {
  const std::lock_guard lock(mutex_);
  return lag_;
}

Status FeedReader::hand_on(Event event, const std::stop_token& stop) {
  const int64_t num_bytes = size_of(event);
  while (!queue_.push_for(event, num_bytes, kKeepAlive, stop)) {
    if (stop.stop_requested() || queue_.is_closed()) return Status::OK();
    ARROW_RETURN_NOT_OK(
        poll({.max_bytes = 0, .max_wait = milliseconds(0)}, stop).status());
  }
  return Status::OK();
}

}  // namespace velo::engine
