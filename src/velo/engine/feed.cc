#include "velo/engine/feed.h"

#include <arrow/util/byte_size.h>

#include <utility>
#include <variant>
#include <vector>

#include "velo/base/catch_to_status.h"

namespace velo::engine {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPollWait{200};
// A source hears from us so often while the sink is behind.
constexpr milliseconds kKeepAlive{1000};
// How often new splits are looked for while others are read.
constexpr milliseconds kDiscoverEvery{1000};

int64_t size_of(const Event& event) {
  const auto* batch = std::get_if<Batch>(&event);
  return batch ? arrow::util::TotalBufferSize(*batch->rows) : 0;
}

}  // namespace

Result<std::unique_ptr<Feed>> Feed::start(SplitSource& source, const ReadOptions& options,
                                          Positions from, int64_t queue_bytes) {
  ARROW_ASSIGN_OR_RAISE(auto discovery, source.discover());
  ARROW_ASSIGN_OR_RAISE(auto reader, source.create_split_reader(options));
  std::unique_ptr<Feed> feed(new Feed(std::move(discovery), std::move(reader),
                                      std::move(from), options.once, queue_bytes));
  feed->thread_ = std::jthread([self = feed.get()](const std::stop_token& stop) {
    self->queue_.close(
        catch_to_status("while reading", [&] { return self->read_all(stop); }));
  });
  return feed;
}

Result<Event> Feed::next(std::chrono::nanoseconds longest, std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(std::optional<Event> event,
                        queue_.pop_for(longest, std::move(stop)));
  return event ? *std::move(event) : Event(Idle());
}

Status Feed::read_all(const std::stop_token& stop) {
  auto next_look = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    if (!complete_ && (ended_ || std::chrono::steady_clock::now() >= next_look)) {
      ARROW_RETURN_NOT_OK(look_for_splits(ended_ ? kPollWait : milliseconds(0), stop));
      next_look = std::chrono::steady_clock::now() + kDiscoverEvery;
    }
    if (ended_) {
      if (!complete_) continue;
      return hand_on(End(), stop);
    }
    ARROW_ASSIGN_OR_RAISE(Event event, reader_->poll({.max_wait = kPollWait}, stop));
    if (std::holds_alternative<Idle>(event)) continue;
    if (std::holds_alternative<End>(event)) {
      ended_ = true;
      continue;
    }
    ARROW_RETURN_NOT_OK(hand_on(std::move(event), stop));
  }
  return Status::OK();
}

Status Feed::look_for_splits(milliseconds max_wait, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const NewSplits found, discovery_->poll(max_wait, stop));
  complete_ = found.complete || once_;
  for (const SplitId& split : found.added) unseen_.erase(split);
  if (complete_ && !found.splits_may_go) ARROW_RETURN_NOT_OK(check_none_is_gone());
  std::vector<SplitStart> starts;
  if (found.splits_may_go) {
    for (const SplitId& split : std::exchange(unseen_, {})) {
      if (!from_.at(split).ended) starts.push_back({split, from_.at(split)});
    }
  }
  if (found.added.empty() && starts.empty()) return Status::OK();
  for (const SplitId& split : found.added) {
    const auto known = from_.find(split);
    starts.push_back(
        {split, known == from_.end() ? std::nullopt : std::optional(known->second)});
  }
  ended_ = false;
  return reader_->assign(starts);
}

// What was read in part and is not there any more cannot be read to its end.
Status Feed::check_none_is_gone() const {
  for (const SplitId& split : unseen_) {
    if (from_.at(split).ended) continue;
    return make_error(ErrorKind::kPositionLost, {.resource = split},
                      "an earlier run has read a part of this, and it is not there any "
                      "more; put it back, or begin anew under another name");
  }
  return Status::OK();
}

Status Feed::hand_on(Event event, const std::stop_token& stop) {
  const int64_t num_bytes = size_of(event);
  while (!queue_.push_for(event, num_bytes, kKeepAlive, stop)) {
    if (stop.stop_requested() || queue_.is_closed()) return Status::OK();
    ARROW_RETURN_NOT_OK(
        reader_->poll({.max_bytes = 0, .max_wait = milliseconds(0)}, stop).status());
  }
  return Status::OK();
}

}  // namespace velo::engine
