#include "velo/engine/feed.h"

#include <algorithm>
#include <utility>

#include "velo/base/catch_to_status.h"

namespace velo::engine {
namespace {

using std::chrono::milliseconds;

// How often new splits are looked for while others are read, and while none is.
constexpr milliseconds kLookEvery{1000};
constexpr milliseconds kLookWhileIdle{200};
constexpr milliseconds kNoWait{0};

// What is not known of one is not known of both.
Lag sum_of(const Lag& one, const Lag& other) {
  const auto sum = [](const auto& a, const auto& b) {
    return a && b ? std::optional(*a + *b) : std::nullopt;
  };
  return {.num_rows = sum(one.num_rows, other.num_rows),
          .num_bytes = sum(one.num_bytes, other.num_bytes),
          .age = one.age && other.age ? std::max(one.age, other.age) : std::nullopt};
}

}  // namespace

Result<std::unique_ptr<Feed>> Feed::start(SplitSource& source, FeedOptions options,
                                          Positions from) {
  ARROW_ASSIGN_OR_RAISE(auto discovery, source.discover());
  ARROW_ASSIGN_OR_RAISE(auto first, source.create_split_reader(options.read));
  std::unique_ptr<Feed> feed(new Feed(source, std::move(options), std::move(from),
                                      std::move(discovery), std::move(first)));
  feed->thread_ = std::jthread([self = feed.get()](const std::stop_token& stop) {
    self->queue_.close(
        catch_to_status("while reading", [&] { return self->find_all(stop); }));
  });
  return feed;
}

Feed::Feed(SplitSource& source, FeedOptions options, Positions from,
           std::unique_ptr<SplitDiscovery> discovery, std::unique_ptr<SplitReader> first)
    : source_(source),
      options_(std::move(options)),
      from_(std::move(from)),
      discovery_(std::move(discovery)),
      queue_(options_.queue_bytes) {
  for (const auto& [split, progress] : from_) unseen_.insert(split);
  add_reader(std::move(first));
}

Result<Event> Feed::next(std::chrono::nanoseconds longest, std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(std::optional<Event> event,
                        queue_.pop_for(longest, std::move(stop)));
  return event ? *std::move(event) : Event(Idle());
}

Status Feed::acknowledge(const Positions& positions) {
  const std::lock_guard lock(mutex_);
  std::vector<Positions> parts(readers_.size());
  for (const auto& [split, progress] : positions) {
    const auto reader = reader_of_.find(split);
    if (reader != reader_of_.end()) parts[reader->second].emplace(split, progress);
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].empty()) ARROW_RETURN_NOT_OK(readers_[i]->acknowledge(parts[i]));
  }
  return Status::OK();
}

Lag Feed::lag() const {
  const std::lock_guard lock(mutex_);
  std::optional<Lag> all;
  for (const auto& reader : readers_) {
    const auto lag = reader->lag();
    if (lag) all = all ? sum_of(*all, *lag) : *lag;
  }
  return all.value_or(Lag());
}

Status Feed::find_all(const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(look_for_splits(kNoWait, stop));
  while (!stop.stop_requested() && !queue_.is_closed()) {
    const bool ended = have_ended();
    if (ended && complete_) {
      queue_.push(End(), 0, stop);
      return Status::OK();
    }
    if (!complete_ && ended) {
      ARROW_RETURN_NOT_OK(look_for_splits(kLookWhileIdle, stop));
    } else if (wait_for_end(kLookEvery, stop) && !complete_) {
      ARROW_RETURN_NOT_OK(look_for_splits(kNoWait, stop));
    }
  }
  return Status::OK();
}

Status Feed::look_for_splits(milliseconds max_wait, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const NewSplits found, discovery_->poll(max_wait, stop));
  // Before there is a reader, which may fail at once.
  has_begun_.store(true, std::memory_order_relaxed);
  complete_ = found.complete || options_.read.once;
  for (const SplitId& split : found.added) unseen_.erase(split);
  if (complete_ && !found.splits_may_go) ARROW_RETURN_NOT_OK(check_none_is_gone());
  const bool came_later = !from_.empty() || !reader_of_.empty();
  std::vector<SplitStart> starts;
  if (found.splits_may_go) {
    for (const SplitId& split : std::exchange(unseen_, {})) {
      if (!from_.at(split).ended) starts.push_back({split, from_.at(split)});
    }
  }
  for (const SplitId& split : found.added) {
    SplitStart start{.split = split, .from = {}, .came_later = came_later};
    const auto known = from_.find(split);
    if (known != from_.end()) start = {.split = split, .from = known->second};
    starts.push_back(std::move(start));
  }
  return assign(std::move(starts));
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

// In turn; one that comes again goes to who had it.
Status Feed::assign(std::vector<SplitStart> splits) {
  std::map<size_t, std::vector<SplitStart>> shares;
  for (SplitStart& split : splits) {
    const auto known = reader_of_.find(split.split);
    size_t reader = 0;
    if (known != reader_of_.end()) {
      reader = known->second;
    } else {
      ARROW_ASSIGN_OR_RAISE(reader, next_reader());
      const std::lock_guard lock(mutex_);
      reader_of_[split.split] = reader;
    }
    shares[reader].push_back(std::move(split));
  }
  for (auto& [reader, share] : shares) readers_[reader]->assign(std::move(share));
  return Status::OK();
}

Result<size_t> Feed::next_reader() {
  if (reader_of_.empty()) return 0;
  const auto most = static_cast<size_t>(std::max(options_.num_readers, 1));
  if (readers_.size() < most) {
    ARROW_ASSIGN_OR_RAISE(auto reader, source_.create_split_reader(options_.read));
    add_reader(std::move(reader));
    return last_reader_ = readers_.size() - 1;
  }
  return last_reader_ = (last_reader_ + 1) % readers_.size();
}

void Feed::add_reader(std::unique_ptr<SplitReader> reader) {
  const FeedReader::Options how{.most_bytes_at_once = most_bytes_at_once(options_.read),
                                .measure_lag = options_.measure_lag};
  auto added = std::make_unique<FeedReader>(std::move(reader), queue_, how, [this] {
    const std::lock_guard lock(mutex_);
    ended_.notify_all();
  });
  const std::lock_guard lock(mutex_);
  readers_.push_back(std::move(added));
}

bool Feed::have_ended() const {
  return std::ranges::all_of(readers_,
                             [](const auto& reader) { return reader->has_ended(); });
}

bool Feed::wait_for_end(milliseconds longest, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, stop, longest, [&] { return have_ended(); });
  return !stop.stop_requested();
}

}  // namespace velo::engine
