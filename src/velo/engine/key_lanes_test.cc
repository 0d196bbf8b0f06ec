// Pipelines into a sink whose lanes have rows by their key, killed and started again.

#include "velo/engine/key_lanes.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "velo/pipeline.h"
#include "velo/testing/matchers.h"

namespace velo::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;

// One change of a row (key, a, b): u: both are set, p: only a was sent, d: deleted, t:
// all rows are; s is no row: from there on, rows have one more column. Each has a number
// of its own, which a is.
struct Change {
  char operation;
  int64_t key;
  int64_t number;
};
using Transaction = std::vector<Change>;
using Transactions = std::vector<Transaction>;

std::shared_ptr<arrow::Schema> changes_schema(int num_more = 0) {
  arrow::FieldVector fields = {
      arrow::field("key", arrow::int64()), arrow::field("number", arrow::int64()),
      arrow::field("_op", arrow::utf8()), arrow::field("_unset", arrow::utf8())};
  for (int more = 0; more < num_more; ++more) {
    fields.push_back(arrow::field(fmt::format("more{}", more), arrow::int64()));
  }
  return arrow::schema(fields);
}

std::shared_ptr<arrow::RecordBatch> batch_of(const std::vector<Change>& changes,
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

std::vector<Change> changes_of(const arrow::RecordBatch& rows) {
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

// Reads transactions in batches that are others each time; only between transactions
// there is a position, which is the number of those before it.
class ChangeReader : public SplitReader {
 public:
  ChangeReader(const std::map<SplitId, Transactions>& splits, const ReadOptions& options,
               std::mt19937& random)
      : splits_(splits), tells_(options.tells_beginnings), random_(random) {}

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
  std::mt19937& random_;
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

// A row of the table, or where one was.
struct Row {
  bool is_there = false;
  int64_t a = 0;
  int64_t b = 0;
  int64_t number = 0;  // of the last change
  bool lacks_b = false;
};

bool operator==(const Row& one, const Row& other) {
  if (!one.is_there && !other.is_there) return true;
  return one.is_there == other.is_there && one.a == other.a && one.b == other.b;
}

// What outlives a process.
struct Table {
  std::map<int64_t, Row> rows;
  CommitRecord record;
  std::string key = "key";
  std::string obstacle;
  /// Asked before and after each lane's commit; an error ends the process there.
  std::function<Status(int lane, bool is_done)> on_commit = [](int, bool) {
    return Status::OK();
  };
  std::function<void()> on_write = [] {};  // on the lanes' threads
  int num_divided = 0;                     // commits
  int num_of_one = 0;  // commits of one lane with rows, where there were several

  void apply(const std::vector<Change>& changes) {
    for (const Change& change : changes) {
      if (change.operation == 's') continue;
      if (change.operation == 't') {
        for (auto& [gone, row] : rows)
          row = {.number = std::max(row.number, change.number)};
        continue;
      }
      Row& row = rows[change.key];
      if (change.operation == 'd') {
        row = {.number = change.number};
      } else if (change.operation == 'u') {
        row = {.is_there = true, .a = change.number, .b = change.number};
      } else {
        row.lacks_b = row.lacks_b || !row.is_there;
        row.is_there = true;
        row.a = change.number;
      }
      row.number = change.number;
    }
  }
};

struct Prepared {
  CommitRecord record;
  std::vector<Change> changes;
};

class TableWriter : public EpochWriter {
 public:
  TableWriter(Table& table, Prepared& prepared) : table_(table), prepared_(prepared) {}
  Status write(const Batch& batch, std::stop_token) override {
    table_.on_write();
    const auto changes = changes_of(*batch.rows);
    changes_.insert(changes_.end(), changes.begin(), changes.end());
    num_bytes_ += batch.rows->num_rows() * 8;
    return Status::OK();
  }
  Result<CommitToken> prepare(const CommitRecord& record) override {
    prepared_ = {record, std::exchange(changes_, {})};
    return CommitToken();
  }
  Status change_schema(const std::shared_ptr<arrow::Schema>&, std::stop_token) override {
    return Status::OK();
  }
  int64_t bytes_written() const override { return num_bytes_; }

 private:
  Table& table_;
  Prepared& prepared_;
  std::vector<Change> changes_;
  int64_t num_bytes_ = 0;
};

class TableCommitter : public Committer {
 public:
  explicit TableCommitter(Table& table) : table_(table) {}

  Result<CommitRecord> look(std::stop_token) override { return table_.record; }
  Result<CommitRecord> recover(std::stop_token) override {
    lanes_.clear();
    table_.record.pipeline = "orders";
    table_.record.incarnation = "09af";
    ++table_.record.fence;
    return table_.record;
  }
  bool commits_once() const override { return false; }
  Result<LaneKey> find_lane_key(const arrow::Schema&, std::stop_token) override {
    if (!table_.obstacle.empty()) return LaneKey{{}, table_.obstacle};
    return LaneKey{{table_.key}, {}};
  }
  Result<std::unique_ptr<EpochWriter>> create_writer(
      int, const std::shared_ptr<arrow::Schema>&, std::stop_token) override {
    return std::make_unique<TableWriter>(table_, lanes_.emplace_back());
  }

  Status commit(const CommitRecord& record,
                std::span<const CommitToken> tokens) override {
    EXPECT_EQ(tokens.size(), record.divided ? lanes_.size() : size_t{1});
    if (record.divided) {
      ++table_.num_divided;
    } else if (lanes_.size() > 1 && record.num_rows > 0) {
      ++table_.num_of_one;
    }
    std::map<int64_t, size_t> lane_of;
    for (size_t lane = 0; lane < tokens.size(); ++lane) {
      ARROW_RETURN_NOT_OK(table_.on_commit(static_cast<int>(lane), false));
      const Prepared prepared = std::move(lanes_[lane]);
      for (const Change& change : prepared.changes) {
        EXPECT_EQ(lane_of.try_emplace(change.key, lane).first->second, lane);
        EXPECT_FALSE(record.divided && change.operation == 't');
      }
      commit(prepared, lane == 0, lane + 1 == tokens.size());
      ARROW_RETURN_NOT_OK(table_.on_commit(static_cast<int>(lane), true));
    }
    return Status::OK();
  }

  Status forget() override { return Status::OK(); }

 private:
  // As a transaction does.
  void commit(const Prepared& prepared, bool is_first, bool is_last) {
    const auto before = table_.rows;
    table_.apply(prepared.changes);
    for (auto& [key, row] : table_.rows) {
      EXPECT_FALSE(row.is_there && row.lacks_b) << "key " << key << " in part";
      const auto was = before.find(key);
      if (was == before.end()) continue;
      EXPECT_GE(row.number, was->second.number) << "key " << key << " goes back";
    }
    CommitRecord& record = table_.record;
    const CommitRecord& next = prepared.record;
    record.epoch = next.epoch;
    record.fingerprint = next.fingerprint;
    if (is_first && next.divided) {
      for (const auto& [split, begin] : next.begins) {
        record.positions.try_emplace(split, begin);
      }
      for (const auto& [split, end] : next.positions) record.ahead[split] = end;
    }
    if (!is_last) return;
    for (const auto& [split, end] : next.positions) record.positions[split] = end;
    record.num_rows += next.num_rows;
    record.finished = next.finished;
    std::erase_if(record.ahead, [&](const auto& ahead) {
      return record.positions.at(ahead.first).position >= ahead.second.position;
    });
  }

  Table& table_;
  std::deque<Prepared> lanes_;
};

class TableSink : public DataSink, public TransactionalSink {
 public:
  explicit TableSink(Table& table) : table_(table) {}
  Status validate_schema(const arrow::Schema&) override { return Status::OK(); }
  Result<std::unique_ptr<DataWriter>> create_writer(const WriteOptions& how) override {
    return write_epochs(*this, how);
  }
  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return true; }
  bool supports_schema_change() const override { return true; }
  TransactionalSink* transactions() override { return this; }
  CommitKind commit_kind() const override { return CommitKind::kSession; }
  int max_lanes() const override { return 1; }
  bool divides_by_key() const override { return true; }
  std::string identity() const override { return "table"; }
  Result<std::vector<std::string>> list_pipelines(std::stop_token) override {
    return std::vector<std::string>();
  }
  Result<std::unique_ptr<Committer>> create_committer(const PipelineIdentity&,
                                                      CommitObserver&) override {
    return std::make_unique<TableCommitter>(table_);
  }

 private:
  Table& table_;
};

class KeyLanesTest : public ::testing::Test {
 protected:
  KeyLanesTest() {
    options_.commit_interval = 1h;
    options_.retry_for = 0s;
    options_.num_lanes = 3;
  }

  Result<Progress> run() {
    TableSink sink(table_);
    return velo::run(source_, sink, {.id = "orders"}, options_, stop_.get_token());
  }

  // Each commit has a few batches.
  void commit_often() {
    options_.commit_bytes = 16;
    options_.queue_bytes = 16;
  }

  // The next process ends when a lane has committed.
  void kill_after(int lane) {
    table_.on_commit = [lane](int now, bool is_done) {
      return now == lane && is_done ? make_error(ErrorKind::kSystem, {}, "killed")
                                    : Status::OK();
    };
  }
  void kill_no_more() {
    table_.on_commit = [](int, bool) { return Status::OK(); };
  }

  // Inserts rows of so many keys, in transactions of a few.
  Transactions inserts(int64_t first_key, int64_t num_keys, size_t rows_each = 4) {
    Transactions all;
    for (int64_t key = first_key; key < first_key + num_keys; ++key) {
      if (all.empty() || all.back().size() == rows_each) all.emplace_back();
      all.back().push_back({'u', key, ++number_});
    }
    return all;
  }

  void expect_all_is_there() {
    Table wanted;
    int64_t num_changes = 0;
    for (const auto& [split, transactions] : source_.splits_) {
      for (const Transaction& transaction : transactions) {
        wanted.apply(transaction);
        num_changes += std::ranges::count_if(
            transaction, [](const Change& change) { return change.operation != 's'; });
      }
    }
    for (const auto& [key, row] : table_.rows) {
      EXPECT_EQ(row, wanted.rows[key]) << "key " << key;
    }
    for (const auto& [key, row] : wanted.rows) {
      EXPECT_EQ(row, table_.rows[key]) << "key " << key;
    }
    EXPECT_EQ(table_.record.num_rows, num_changes);
    EXPECT_TRUE(table_.record.finished);
    EXPECT_THAT(table_.record.ahead, IsEmpty());
  }

  std::mt19937 random_{1};
  int64_t number_ = 0;
  ChangeSource source_{random_};
  Table table_;
  RunOptions options_;
  std::stop_source stop_;
};

TEST_F(KeyLanesTest, WriteAllRowsByAllLanes) {
  source_.splits_ = {{"a", inserts(0, 200)}, {"b", inserts(200, 50)}};
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
  EXPECT_EQ(table_.num_divided, 1);
  EXPECT_EQ(table_.num_of_one, 0);
}

TEST_F(KeyLanesTest, WriteAgainWhatOnlySomeHaveCommitted) {
  commit_often();
  source_.splits_ = {{"a", inserts(0, 2000)}};
  for (const int lane : {0, 1, 0, 1}) {
    kill_after(lane);
    EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
    EXPECT_EQ(table_.record.ahead.size(), size_t{1});
    EXPECT_LT(table_.record.positions.at("a").position,
              table_.record.ahead.at("a").position);
    options_.num_lanes = 7 - options_.num_lanes;  // 3, 4, 3 …
    // What is cut short is written again by one lane, at once.
    kill_after(0);
    const int num_divided = table_.num_divided;
    EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
    EXPECT_EQ(table_.num_divided, num_divided);
    EXPECT_THAT(table_.record.ahead, IsEmpty());
  }
  kill_no_more();
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
}

TEST_F(KeyLanesTest, GoOnByOneLaneWhereTheirNumberIsOneNow) {
  source_.splits_ = {{"a", inserts(0, 100)}};
  kill_after(1);
  EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
  EXPECT_EQ(table_.record.num_rows, 0);
  options_.num_lanes = 1;
  kill_no_more();
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->num_rows_committed, 100);
  expect_all_is_there();
}

TEST_F(KeyLanesTest, LetOneLaneWriteWhatCannotBeReadAgainFromItsBeginning) {
  source_.tells_beginnings_ = false;
  source_.splits_ = {{"a", inserts(0, 100)}};
  kill_after(0);
  EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
  EXPECT_EQ(table_.num_divided, 0);
  EXPECT_THAT(table_.record.ahead, IsEmpty());
  EXPECT_EQ(table_.record.num_rows, 100);
  kill_no_more();
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
}

TEST_F(KeyLanesTest, DivideWhatFollowsTheFirstPosition) {
  commit_often();
  source_.tells_beginnings_ = false;
  source_.splits_ = {{"a", inserts(0, 100)}};
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
  EXPECT_GT(table_.num_divided, 1);
  EXPECT_GE(table_.num_of_one, 1);
}

TEST_F(KeyLanesTest, TruncateByOneLaneInTheMiddleOfATransaction) {
  auto transactions = inserts(0, 60);
  transactions.push_back({{'u', 60, 1001},
                          {'u', 61, 1002},
                          {'u', 62, 1003},
                          {'u', 63, 1004},
                          {'u', 64, 1005},
                          {'u', 65, 1006},
                          {'u', 66, 1007},
                          {'u', 67, 1008},
                          {'t', 0, 1009},
                          {'u', 60, 1010},
                          {'u', 1, 1011},
                          {'u', 2, 1012}});
  transactions.push_back({{'u', 3, 1013}, {'d', 60, 1014}});
  source_.splits_ = {{"a", transactions}};
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
  EXPECT_EQ(table_.num_of_one, 1);
}

TEST_F(KeyLanesTest, FollowColumnsThatChangeInATransactionByOneLane) {
  auto transactions = inserts(0, 60);
  Transaction large = inserts(100, 40, 40).front();
  large.insert(large.begin() + 20, {'s', 0, 0});
  large.insert(large.begin() + 30, {'s', 0, 0});
  transactions.push_back(large);
  transactions.push_back({{'s', 0, 0}, {'u', 1, ++number_}});
  source_.splits_ = {{"a", transactions}};
  options_.on_schema_change = OnSchemaChange::kEvolve;
  ASSERT_THAT(run(), IsOk());
  expect_all_is_there();
  EXPECT_GE(table_.num_of_one, 1);
}

TEST_F(KeyLanesTest, SayWhyThereIsOneLane) {
  source_.splits_ = {{"a", inserts(0, 10)}};
  table_.obstacle = "it has a trigger";
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->one_lane, "it has a trigger");
  EXPECT_EQ(table_.num_divided, 0);
  expect_all_is_there();
  table_ = {};
  table_.key = "other";
  const auto divided = run();
  ASSERT_THAT(divided, IsOk());
  EXPECT_THAT(divided->one_lane, HasSubstr("'other'"));
  EXPECT_EQ(table_.num_divided, 0);
}

TEST_F(KeyLanesTest, SayNothingWhereOneLaneIsAskedFor) {
  source_.splits_ = {{"a", inserts(0, 10)}};
  table_.obstacle = "it has a trigger";
  options_.num_lanes = 1;
  const auto progress = run();
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->one_lane, "");
}

TEST_F(KeyLanesTest, RefuseASourceThatEndsBeforeWhatIsThere) {
  source_.splits_ = {{"a", inserts(0, 100)}};
  kill_after(0);
  EXPECT_THAT(run(), IsError(ErrorKind::kSystem, "killed"));
  kill_no_more();
  source_.splits_ = {{"b", inserts(0, 10)}};
  EXPECT_THAT(run(), IsError(ErrorKind::kPositionLost, HasSubstr("a")));
}

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
