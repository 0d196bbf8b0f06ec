// Changes that are drawn, by lanes that are killed and stopped anywhere.

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>

#include "velo/engine/key_lanes_for_test.h"
#include "velo/testing/matchers.h"

namespace velo::engine {
namespace {

using testing::IsError;

// Changes of keys, those of each split being its own, as they can follow each other.
class ManyChanges {
 public:
  ManyChanges(std::mt19937& random, bool truncates, bool evolves)
      : random_(random), truncates_(truncates), evolves_(evolves) {}

  Transactions draw(int64_t split, int64_t& number) {
    std::set<int64_t> there;
    Transactions all;
    for (auto left = 5 + random_() % 60; left > 0; --left) {
      Transaction& transaction = all.emplace_back();
      for (auto changes = 1 + random_() % 9; changes > 0; --changes) {
        const int64_t key = split * 1000 + static_cast<int64_t>(random_() % 12);
        if (evolves_ && random_() % 50 == 0) transaction.push_back({'s', 0, 0});
        transaction.push_back({operation(key, there), key, ++number});
      }
    }
    return all;
  }

 private:
  char operation(int64_t key, std::set<int64_t>& there) {
    if (truncates_ && random_() % 40 == 0) {
      there.clear();
      return 't';
    }
    if (there.insert(key).second) return 'u';
    const auto drawn = random_() % 4;
    if (drawn == 0) there.erase(key);
    return "dupp"[drawn];
  }

  std::mt19937& random_;
  const bool truncates_;
  const bool evolves_;
};

TEST_F(KeyLanesTest, EndWithWhatTheChangesComeToHoweverTheyAreKilledAndStopped) {
  int num_kills = 0;
  int num_stops = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    random_.seed(seed);
    table_ = {};
    number_ = 0;
    source_.splits_.clear();
    source_.tells_beginnings_ = random_() % 3 > 0;
    const int64_t num_splits = 1 + static_cast<int64_t>(random_() % 3);
    // What is truncated is of all splits, which have no order among them.
    const bool evolves = random_() % 2 == 0;
    options_.on_schema_change = evolves ? OnSchemaChange::kEvolve : OnSchemaChange::kFail;
    ManyChanges changes(random_, num_splits == 1, evolves);
    for (int64_t split = 0; split < num_splits; ++split) {
      source_.splits_[fmt::format("split {}", split)] = changes.draw(split, number_);
    }
    for (bool has_ended = false; !has_ended;) {
      stop_ = std::stop_source();
      std::atomic<int> writes_left = static_cast<int>(random_() % 30);
      table_.on_write = [&] {
        if (writes_left-- == 0) stop_.request_stop();
      };
      options_.queue_bytes = random_() % 2 ? 16 : 1 << 20;
      options_.num_lanes = 1 + static_cast<int>(random_() % 4);
      options_.commit_bytes = 1 + static_cast<int64_t>(random_() % 300);
      auto left = random_() % 12;
      table_.on_commit = [&left](int, bool) {
        return left-- == 0 ? make_error(ErrorKind::kSystem, {}, "killed") : Status::OK();
      };
      const auto progress = run();
      has_ended = progress.ok() && !progress->stopped;
      if (has_ended) break;
      if (progress.ok() || kind_of(progress.status()) == ErrorKind::kCancelled) {
        ++num_stops;
        continue;
      }
      ASSERT_THAT(progress, IsError(ErrorKind::kSystem, "killed"));
      ++num_kills;
    }
    expect_all_is_there();
    if (HasFailure()) return;
  }
  EXPECT_GT(num_kills, 100);
  EXPECT_GT(num_stops, 100);
}

}  // namespace
}  // namespace velo::engine
