#pragma once

/// A source of changes, in transactions, whose batches are others each time.

#include <arrow/array.h>
#include <arrow/builder.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "velo/pipeline.h"
#include "velo/source.h"

namespace velo::engine {

/// One change of a row (key, a, b): u: both are set, p: only a was sent, d: deleted, t:
/// all rows are; s is no row: from there on, rows have one more column. Each has a number
/// of its own, which a is.
struct Change {
  char operation;
  int64_t key;
  int64_t number;
};
using Transaction = std::vector<Change>;
using Transactions = std::vector<Transaction>;

inline std::shared_ptr<arrow::Schema> changes_schema(int num_more = 0) {
  arrow::FieldVector fields = {
      arrow::field("key", arrow::int64()), arrow::field("number", arrow::int64()),
      arrow::field("_op", arrow::utf8()), arrow::field("_unset", arrow::utf8())};
  for (int more = 0; more < num_more; ++more) {
    fields.push_back(arrow::field(fmt::format("more{}", more), arrow::int64()));
  }
  return arrow::schema(fields);
}

inline std::shared_ptr<arrow::RecordBatch> batch_of(const std::vector<Change>& changes,
                                                    int num_more = 0) {
  arrow::Int64Builder keys;
  arrow::Int64Builder numbers;
  arrow::StringBuilder operations;
  arrow::StringBuilder unset;
  for (const Change& change : changes) {
    const bool is_part = change.operation == 'p';
    (void)keys.Append(change.key);
    (void)numbers.Append(change.number);
    (void)operations.Append(std::string(1, is_part ? 'u' : change.operation));
    (void)(is_part ? unset.Append("b") : unset.AppendNull());
  }
  const auto values = numbers.Finish().ValueOrDie();
  arrow::ArrayVector columns = {keys.Finish().ValueOrDie(), values,
                                operations.Finish().ValueOrDie(),
                                unset.Finish().ValueOrDie()};
  columns.resize(columns.size() + static_cast<size_t>(num_more), values);
  return arrow::RecordBatch::Make(changes_schema(num_more),
                                  static_cast<int64_t>(changes.size()), columns);
}

inline std::vector<Change> changes_of(const arrow::RecordBatch& rows) {
  const auto& keys = static_cast<const arrow::Int64Array&>(*rows.GetColumnByName("key"));
  const auto& numbers =
      static_cast<const arrow::Int64Array&>(*rows.GetColumnByName("number"));
  const auto& operations =
      static_cast<const arrow::StringArray&>(*rows.GetColumnByName("_op"));
  const auto unset = rows.GetColumnByName("_unset");
  std::vector<Change> changes;
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    const bool is_part = unset->IsValid(row);
    const char operation = is_part ? 'p' : operations.GetView(row).front();
    changes.push_back({operation, keys.Value(row), numbers.Value(row)});
  }
  return changes;
}

/// Reads transactions in batches that are others each time; only between transactions
/// there is a position, which is the number of those before it.
class ChangeReader : public SplitReader {
 public:
  ChangeReader(const std::map<SplitId, Transactions>& splits, const ReadOptions& options,
               std::mt19937& random)
      : splits_(splits), tells_(options.tells_beginnings), random_(random()) {}

  Status assign(std::span<const SplitStart> splits) override {
    for (const SplitStart& split : splits) {
      if (split.from && split.from->ended) continue;
      if (!split.from && tells_) {
        ready_.emplace_back(Batch{batch_of({}), split.split, position_of(0)});
      }
      Place& place = places_[split.split];
      if (split.from) place.transaction = std::stoul(split.from->position.bytes);
      const auto& all = splits_.at(split.split);
      for (size_t before = 0; before < place.transaction; ++before) {
        place.num_more +=
            static_cast<int>(std::ranges::count(all[before], 's', &Change::operation));
      }
      if (place.num_more > 0) tell_columns(split.split, place);
    }
    return Status::OK();
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token) override {
    if (limits.max_bytes == 0) return Idle();
    if (!ready_.empty()) {
      Event event = std::move(ready_.front());
      ready_.pop_front();
      return event;
    }
    if (places_.empty()) return End();
    auto at = std::next(places_.begin(), draw(places_.size()));
    Place& place = at->second;
    const Transactions& all = splits_.at(at->first);
    if (place.transaction == all.size()) {
      SplitEnded ended{at->first, position_of(place.transaction)};
      places_.erase(at);
      return ended;
    }
    std::vector<Change> changes;
    const int num_more = place.num_more;
    for (auto left = 1 + draw(6); left > 0 && place.transaction < all.size(); --left) {
      const Transaction& now = all[place.transaction];
      const Change& change = now[place.change++];
      if (change.operation == 's') {
        ++place.num_more;
        tell_columns(at->first, place);
        left = 1;
      } else {
        changes.push_back(change);
      }
      if (place.change < now.size()) continue;
      ++place.transaction;
      place.change = 0;
    }
    return Batch{
        .rows = batch_of(changes, num_more),
        .split = at->first,
        .position = place.change == 0 ? position_of(place.transaction) : Position()};
  }

  Status acknowledge(const Positions&) override { return Status::OK(); }

 private:
  static Position position_of(size_t transaction) {
    return {fmt::format("{:06}", transaction)};
  }
  struct Place {
    size_t transaction = 0;
    size_t change = 0;
    int num_more = 0;  // columns
  };

  void tell_columns(const SplitId& split, const Place& place) {
    ready_.emplace_back(
        SchemaChange{.split = split, .schema = changes_schema(place.num_more)});
  }
  ptrdiff_t draw(size_t most) { return static_cast<ptrdiff_t>(random_() % most); }

  const std::map<SplitId, Transactions>& splits_;
  const bool tells_;
  std::mt19937 random_;  // of its own: each reader has a thread
  std::deque<Event> ready_;
  std::map<SplitId, Place> places_;
};

class ChangeSource : public DataSource, public SplitSource {
 public:
  std::map<SplitId, Transactions> splits_;
  bool tells_beginnings_ = true;

  explicit ChangeSource(std::mt19937& random) : random_(random) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return changes_schema();
  }
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions&) override {
    return make_error(ErrorKind::kNotImplemented, {}, "by splits");
  }
  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }
  SplitSource* splits() override { return this; }
  std::string identity() const override { return "changes"; }
  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    struct All : SplitDiscovery {
      Result<NewSplits> poll(std::chrono::milliseconds, std::stop_token) override {
        return NewSplits{.added = std::exchange(names, {}), .complete = true};
      }
      std::vector<SplitId> names;
    };
    auto all = std::make_unique<All>();
    for (const auto& [name, transactions] : splits_) all->names.push_back(name);
    return all;
  }
  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& options) override {
    ReadOptions read = options;
    read.tells_beginnings = read.tells_beginnings && tells_beginnings_;
    return std::make_unique<ChangeReader>(splits_, read, random_);
  }

 private:
  std::mt19937& random_;
};

}  // namespace velo::engine
