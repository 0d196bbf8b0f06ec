#pragma once

/// A source that does what a test says, and writes down what it was asked.

#include <arrow/builder.h>
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "velo/base/first_failure.h"
#include "velo/source.h"

namespace velo::testing {

/// The calls of all parties, in their order. Threads: safe.
class CallLog {
 public:
  void add(std::string call) {
    std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  std::vector<std::string> calls() const {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  /// Those that begin so.
  int64_t count(std::string_view prefix) const {
    std::lock_guard lock(mutex_);
    return std::ranges::count_if(
        calls_, [&](const std::string& call) { return call.starts_with(prefix); });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
};

/// Wait for a stop, but not for ever.
inline void wait_until_stopped(
    const std::stop_token& stop,
    std::chrono::milliseconds longest = std::chrono::hours(1)) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_for(lock, stop, longest, [] { return false; });
}

inline std::shared_ptr<arrow::Schema> numbers_schema() {
  return arrow::schema({arrow::field("n", arrow::int64())});
}

inline std::shared_ptr<arrow::RecordBatch> numbers(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  (void)builder.AppendValues(values);
  return arrow::RecordBatch::Make(numbers_schema(), static_cast<int64_t>(values.size()),
                                  {builder.Finish().ValueOrDie()});
}

/// What a source has, and how it behaves. One row is one batch.
struct Script {
  std::string identity = "script";
  std::map<SplitId, std::vector<int64_t>> splits;
  bool has_splits = true;  ///< whether it can be read from a position
  bool ends = true;        ///< whether a split that is read through has ended
  bool can_reread = true;
  bool is_complete = true;
  Status at_look;                      ///< what a look for splits answers instead
  Status at_end;                       ///< what poll() answers in the place of End
  std::chrono::milliseconds pause{0};  ///< before each row
  /// Only behind every so many rows, and at its end, a split has a position.
  size_t rows_to_position = 1;
  /// So many readers have to be reading at once before the first row comes.
  int readers_that_meet = 1;
  std::shared_ptr<arrow::Schema> schema = numbers_schema();
};

inline Position position_of_row(size_t row) { return {fmt::format("{:06}", row)}; }

/// Where threads wait until so many of them are there.
class Meeting {
 public:
  explicit Meeting(int num_threads) : missing_(num_threads) {}

  void wait() {
    std::unique_lock lock(mutex_);
    --missing_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int missing_;  // guarded by mutex_
};

/// Logs "poll 0" where no rows are wanted, "acknowledge SPLIT=ROW …", "assign SPLIT@ROW",
/// with ", later" where it came later.
class ScriptedReader : public SplitReader {
 public:
  /// Those that meet share the meeting.
  ScriptedReader(const Script& script, CallLog& log,
                 std::shared_ptr<Meeting> meeting = {})
      : script_(script), log_(log), meeting_(std::move(meeting)) {}

  Status assign(std::span<const SplitStart> splits) override {
    for (const SplitStart& split : splits) {
      const std::string at = split.from ? split.from->position.bytes : "begin";
      log_.add("assign " + split.split + "@" + at + (split.came_later ? ", later" : ""));
      if (split.from && split.from->ended) continue;
      waiting_.emplace_back(split.split, split.from ? std::stoul(at) : 0);
    }
    return Status::OK();
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(limits, stop); });
  }

  Status acknowledge(const Positions& positions) override {
    std::string call = "acknowledge";
    for (const auto& [split, progress] : positions) {
      call += " " + split + "=" + progress.position.bytes + (progress.ended ? "." : "");
    }
    log_.add(call);
    return Status::OK();
  }

  /// The rows that were not read yet.
  Lag lag() override {
    Lag lag{.num_rows = 0, .num_bytes = {}, .age = {}};
    for (const auto& [split, row] : waiting_) {
      *lag.num_rows += static_cast<int64_t>(script_.splits.at(split).size() - row);
    }
    return lag;
  }

 private:
  Result<Event> read_next(const PollLimits& limits, const std::stop_token& stop) {
    if (limits.max_bytes == 0) {
      log_.add("poll 0");
      return Idle();
    }
    if (waiting_.empty()) {
      ARROW_RETURN_NOT_OK(script_.at_end);
      return End();
    }
    if (meeting_ && !std::exchange(has_met_, true)) meeting_->wait();
    if (script_.pause.count() > 0) wait_until_stopped(stop, script_.pause);
    for (auto& [split, row] : waiting_) {
      const auto& rows = script_.splits.at(split);
      if (row < rows.size()) {
        const int64_t value = rows[row++];
        const bool has_position =
            row % script_.rows_to_position == 0 || row == rows.size();
        return Batch{.rows = numbers({value}),
                     .split = split,
                     .position = has_position ? position_of_row(row) : Position()};
      }
      if (!script_.ends) continue;
      SplitEnded ended{split, position_of_row(row)};
      waiting_.pop_front();
      return ended;
    }
    wait_until_stopped(stop, limits.max_wait);
    if (stop.stop_requested()) return make_error(ErrorKind::kCancelled, {}, "stopped");
    return Idle();
  }

  const Script& script_;
  CallLog& log_;
  const std::shared_ptr<Meeting> meeting_;
  bool has_met_ = false;
  std::deque<std::pair<SplitId, size_t>> waiting_;
  FirstFailure failure_;
};

class ScriptedSource : public DataSource, public SplitSource {
 public:
  ScriptedSource(const Script& script, CallLog& log)
      : script_(script),
        log_(log),
        meeting_(std::make_shared<Meeting>(script.readers_that_meet)) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return script_.schema;
  }
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& options) override {
    ARROW_ASSIGN_OR_RAISE(auto discovery, discover());
    ARROW_ASSIGN_OR_RAISE(auto reader, create_split_reader(options));
    return read_all_splits(std::move(discovery), std::move(reader), script_.schema,
                           options);
  }
  bool supports_streaming() const override { return !script_.ends; }
  bool supports_batch() const override { return script_.ends; }
  bool can_reread() const override { return script_.can_reread; }
  SplitSource* splits() override { return script_.has_splits ? this : nullptr; }

  std::string identity() const override { return script_.identity; }
  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    struct Discovery : SplitDiscovery {
      Result<NewSplits> poll(std::chrono::milliseconds max_wait,
                             std::stop_token stop) override {
        ARROW_RETURN_NOT_OK(script->at_look);
        if (std::exchange(asked, true)) {
          wait_until_stopped(stop, max_wait);
          if (stop.stop_requested()) {
            return make_error(ErrorKind::kCancelled, {}, "stopped");
          }
          return NewSplits{.added = {}, .complete = script->is_complete};
        }
        NewSplits found{.added = {}, .complete = script->is_complete};
        for (const auto& [split, rows] : script->splits) found.added.push_back(split);
        return found;
      }
      const Script* script = nullptr;
      bool asked = false;
    };
    auto discovery = std::make_unique<Discovery>();
    discovery->script = &script_;
    return discovery;
  }
  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& options) override {
    reader_ = options.reader;
    return std::make_unique<ScriptedReader>(script_, log_, meeting_);
  }
  /// Logs "source forgets its reader", or another's name.
  Status forget(const std::string& reader) override {
    log_.add("source forgets " + (reader == reader_ ? "its reader" : reader));
    return Status::OK();
  }
  /// Logs "source takes back what process N of its reader has made", or of another's.
  Status withdraw(const std::string& reader, uint64_t process) override {
    log_.add("source takes back what process " + std::to_string(process) + " of " +
             (reader == reader_ ? "its reader" : reader) + " has made");
    return Status::OK();
  }

 private:
  const Script& script_;
  CallLog& log_;
  const std::shared_ptr<Meeting> meeting_;
  std::string reader_;
};

}  // namespace velo::testing
