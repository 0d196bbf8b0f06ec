#include <algorithm>
#include <chrono>
#include <thread>

#include "velo/base/clock.h"
#include "velo/base/random_id.h"
#include "velo/testing/conformance/source_suite.h"
#include "velo/testing/matchers.h"

namespace velo::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kSoon{3};

// A name for a reader, for as long as a test takes: what the source keeps for it goes
// with it.
class ReaderName {
 public:
  explicit ReaderName(SourceTest& test) : test_(test) {}
  ~ReaderName() {
    const auto source = test_.open();
    if (!source.ok()) return;
    EXPECT_THAT((*source)->splits()->forget(name_), IsOk());
  }
  ReaderName(const ReaderName&) = delete;
  ReaderName& operator=(const ReaderName&) = delete;

  ReadOptions until_now() const { return {.once = true, .reader = name_}; }
  ReadOptions going_on() const { return {.reader = name_}; }

 private:
  SourceTest& test_;
  const std::string name_ = "conformance_" + random_id();
};

// A source and what was read of it, closed together.
struct Reading {
  std::unique_ptr<DataSource> source;
  std::unique_ptr<SplitReading> splits;
  SplitReading* operator->() const { return splits.get(); }
};

Result<Reading> start(const SourceTest& test, const ReadOptions& options,
                      const Positions& from = {}) {
  ARROW_ASSIGN_OR_RAISE(auto source, test.open());
  ARROW_ASSIGN_OR_RAISE(auto splits, SplitReading::start(*source, options, from));
  return Reading{std::move(source), std::move(splits)};
}

// Reads all that a test has put, and where that can be done a second part of it only once
// the first has been read.
Result<Reading> read_in_parts(SourceTest& test, const ReaderName& name, Rows& expected,
                              int64_t num_rows = SourceTest::kNumRows) {
  if (test.kind().find_lack(Trait::kStreams)) {
    ARROW_ASSIGN_OR_RAISE(expected, test.fill(num_rows));
    ARROW_ASSIGN_OR_RAISE(auto reading, start(test, name.going_on()));
    ARROW_RETURN_NOT_OK(reading->read_to_end());
    return reading;
  }
  constexpr int kNumParts = 5;
  expected = named_rows(0, num_rows);
  const int64_t part = expected->num_rows() / kNumParts;
  ARROW_RETURN_NOT_OK(test.put({expected->Slice(0, part)}));
  ARROW_ASSIGN_OR_RAISE(auto reading, start(test, name.going_on()));
  for (int i = 1; i <= kNumParts; ++i) {
    ARROW_RETURN_NOT_OK(reading->read_rows(i * part));
    if (i < kNumParts) ARROW_RETURN_NOT_OK(test.put({expected->Slice(i * part, part)}));
  }
  expected = expected->Slice(0, kNumParts * part);
  return reading;
}

// The ids of one split's rows, after this batch.
std::vector<int64_t> ids_after(const std::vector<Batch>& batches, size_t index) {
  std::vector<Rows> rest;
  for (size_t i = index + 1; i < batches.size(); ++i) {
    if (batches[i].split == batches[index].split) rest.push_back(batches[i].rows);
  }
  return ids_of(rest);
}

void has_the_same_splits(SourceTest& test) {
  ASSERT_THAT(test.fill(), IsOk());
  std::vector<SplitId> splits;
  std::string identity;
  for (int time = 0; time < 2; ++time) {
    const auto source = test.open().ValueOrDie();
    const auto reading = SplitReading::start(*source, {.once = true});
    ASSERT_THAT(reading, IsOk());
    auto found = (*reading)->splits();
    std::ranges::sort(found);
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(std::ranges::adjacent_find(found), found.end()) << "a split came twice";
    if (time == 0) {
      splits = found;
      identity = source->splits()->identity();
    }
    EXPECT_EQ(found, splits);
    EXPECT_EQ(source->splits()->identity(), identity);
  }
}

void names_the_split_of_each_batch(SourceTest& test) {
  const ReaderName name(test);
  Rows expected;
  const auto reading = read_in_parts(test, name, expected);
  ASSERT_THAT(reading, IsOk());
  EXPECT_TRUE(same_rows((*reading)->rows(), expected));
  Positions last;
  for (const Batch& batch : (*reading)->batches()) {
    EXPECT_EQ(std::ranges::count((*reading)->splits(), batch.split), 1) << batch.split;
    if (batch.position.bytes.empty()) continue;
    if (batch.rows->num_rows() > 0 && last.contains(batch.split)) {
      EXPECT_LT(last[batch.split].position, batch.position);
    }
    last[batch.split] = {batch.position};
  }
  EXPECT_FALSE(last.empty()) << "no position came";
}

void goes_on_from_every_position(SourceTest& test) {
  const ReaderName name(test);
  Rows expected;
  auto reading = read_in_parts(test, name, expected, test.kind().num_rows_for_positions);
  ASSERT_THAT(reading, IsOk());
  const auto batches = (*reading)->batches();
  const auto ends = (*reading)->positions();
  *reading = {};
  int num_positions = 0;
  for (size_t i = 0; i < batches.size(); ++i) {
    if (batches[i].position.bytes.empty()) continue;
    SCOPED_TRACE("after batch " + std::to_string(i) + " of " +
                 std::to_string(batches.size()) + ", of " + batches[i].split);
    auto from = ends;
    from[batches[i].split] = {batches[i].position};
    auto rest = start(test, name.until_now(), from);
    ASSERT_THAT(rest, IsOk());
    ASSERT_THAT((*rest)->read_to_end(), IsOk());
    ASSERT_EQ(ids_of((*rest)->rows()), ids_after(batches, i));
    ++num_positions;
  }
  EXPECT_GT(num_positions, static_cast<int>(ends.size()))
      << "no position is inside of a split: num_rows_for_positions is too small";
}

void yields_nothing_from_its_end(SourceTest& test) {
  const ReaderName name(test);
  ASSERT_THAT(test.fill(), IsOk());
  auto reading = start(test, name.until_now());
  ASSERT_THAT(reading, IsOk());
  ASSERT_THAT((*reading)->read_to_end(), IsOk());
  auto ends = (*reading)->positions();
  *reading = {};
  for (const bool says_ended : {true, false}) {
    SCOPED_TRACE(says_ended ? "handed back as ended" : "handed back as not ended");
    for (auto& [split, progress] : ends) progress.ended = says_ended;
    auto rest = start(test, name.until_now(), ends);
    ASSERT_THAT(rest, IsOk());
    ASSERT_THAT((*rest)->read_to_end(), IsOk());
    EXPECT_EQ((*rest)->num_rows(), 0);
    const auto more = (*rest)->poll({});
    ASSERT_THAT(more, IsOk());
    EXPECT_TRUE(std::holds_alternative<End>(*more)) << "an end stays";
  }
}

void yields_the_columns_asked_for(SourceTest& test) {
  const ReaderName name(test);
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  ReadOptions options = name.until_now();
  options.columns = {{"name", "id"}};
  if (test.kind().find_lack(Trait::kTakesRows)) options.columns = {{"id"}};
  const auto reading = start(test, options);
  ASSERT_THAT(reading, IsOk());
  ASSERT_THAT((*reading)->read_to_end(), IsOk());
  for (const Rows& rows : (*reading)->rows()) {
    EXPECT_EQ(rows->schema()->field_names(), *options.columns);
  }
  EXPECT_EQ(ids_of((*reading)->rows()).size(), ids_of({*expected}).size());
}

void is_acknowledged_in_any_order(SourceTest& test) {
  const ReaderName name(test);
  Rows expected;
  auto reading = read_in_parts(test, name, expected);
  ASSERT_THAT(reading, IsOk());
  SplitReader& reader = (*reading)->reader();
  const Positions ends = (*reading)->positions();
  for (auto split = ends.rbegin(); split != ends.rend(); ++split) {
    for (int time = 0; time < 2; ++time) {
      EXPECT_THAT(reader.acknowledge({*split}), IsOk());
      EXPECT_THAT((*reading)->poll({.max_wait = milliseconds(10)}), IsOk());
    }
  }
  EXPECT_THAT(reader.acknowledge(ends), IsOk());
  EXPECT_THAT(reader.acknowledge({}), IsOk());
  EXPECT_THAT((*reading)->poll({.max_wait = milliseconds(10)}), IsOk());
  *reading = {};
  auto rest = start(test, name.until_now(), ends);
  ASSERT_THAT(rest, IsOk());
  ASSERT_THAT((*rest)->read_to_end(), IsOk());
  EXPECT_EQ((*rest)->num_rows(), 0);
}

void loses_nothing_where_no_bytes_are_wanted(SourceTest& test) {
  const ReaderName name(test);
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  const auto reading = start(test, name.until_now());
  ASSERT_THAT(reading, IsOk());
  const PollLimits nothing{.max_bytes = 0, .max_wait = milliseconds(0)};
  const auto deadline = steady_clock::now() + std::chrono::seconds(20);
  while (steady_clock::now() < deadline) {
    for (int time = 0; time < 3; ++time) {
      const auto served = (*reading)->poll(nothing);
      ASSERT_THAT(served, IsOk());
      ASSERT_FALSE(std::holds_alternative<Batch>(*served));
    }
    const auto event = (*reading)->poll({});
    ASSERT_THAT(event, IsOk());
    if (std::holds_alternative<End>(*event)) break;
  }
  EXPECT_TRUE(same_rows((*reading)->rows(), *expected));
}

void is_read_by_two_split_readers(SourceTest& test) {
  const ReaderName name(test);
  const ReaderName other_name(test);
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  const auto first = start(test, name.until_now());
  const auto second = start(test, other_name.until_now());
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  ASSERT_THAT((*first)->poll({}), IsOk());
  ASSERT_THAT((*second)->read_to_end(), IsOk());
  ASSERT_THAT((*first)->read_to_end(), IsOk());
  EXPECT_TRUE(same_rows((*first)->rows(), *expected));
  EXPECT_TRUE(same_rows((*second)->rows(), *expected));
}

void hears_a_stop_while_splits_are_read(SourceTest& test) {
  const ReaderName name(test);
  ASSERT_THAT(test.fill(), IsOk());
  const auto reading = start(test, name.going_on());
  ASSERT_THAT(reading, IsOk());
  ASSERT_THAT((*reading)->poll({}), IsOk());
  std::stop_source stop;
  stop.request_stop();
  SplitReader& reader = (*reading)->reader();
  const auto begin = steady_clock::now();
  auto event = reader.poll({}, stop.get_token());
  while (event.ok() && !std::holds_alternative<End>(*event)) {
    event = reader.poll({}, stop.get_token());
  }
  EXPECT_LT(steady_clock::now() - begin, kSoon);
  EXPECT_THAT(event, IsError(ErrorKind::kCancelled, HasSubstr("")));
  if (event.ok()) return;
  EXPECT_EQ(reader.poll({}, {}).status(), event.status()) << "an error stays";
}

void hears_a_stop_while_it_waits(SourceTest& test) {
  const ReaderName name(test);
  const auto expected = test.fill();
  ASSERT_THAT(expected, IsOk());
  const auto reading = start(test, name.going_on());
  ASSERT_THAT(reading, IsOk());
  ASSERT_THAT((*reading)->read_rows((*expected)->num_rows()), IsOk());
  SplitReader& reader = (*reading)->reader();
  std::stop_source stop;
  std::jthread asks([&](const std::stop_token& ended) {
    velo::steady_clock().wait_for(milliseconds(200), ended);
    stop.request_stop();
  });
  const auto begin = steady_clock::now();
  auto event = reader.poll({}, stop.get_token());
  while (event.ok() && steady_clock::now() - begin < kSoon) {
    event = reader.poll({}, stop.get_token());
  }
  EXPECT_LT(steady_clock::now() - begin, kSoon);
  EXPECT_THAT(event, IsError(ErrorKind::kCancelled, HasSubstr("")));
}

void reads_on_as_rows_are_added(SourceTest& test) {
  const ReaderName name(test);
  ASSERT_THAT(test.put({named_rows(0, 10)}), IsOk());
  const auto reading = start(test, name.going_on());
  ASSERT_THAT(reading, IsOk());
  ASSERT_THAT((*reading)->read_rows(10), IsOk());
  const auto idle = (*reading)->poll({.max_wait = milliseconds(50)});
  ASSERT_THAT(idle, IsOk());
  EXPECT_FALSE(std::holds_alternative<End>(*idle));
  ASSERT_THAT(test.put({named_rows(10, 10)}), IsOk());
  ASSERT_THAT((*reading)->read_rows(20), IsOk());
  EXPECT_TRUE(same_rows((*reading)->rows(), named_rows(0, 20)));
}

void forgets_a_reader_twice(SourceTest& test) {
  const ReaderName name(test);
  ASSERT_THAT(test.fill(), IsOk());
  {
    const auto reading = start(test, name.until_now());
    ASSERT_THAT(reading, IsOk());
    ASSERT_THAT((*reading)->read_to_end(), IsOk());
  }
  const auto source = test.open().ValueOrDie();
  for (int time = 0; time < 2; ++time) {
    EXPECT_THAT(source->splits()->forget(name.until_now().reader), IsOk());
  }
}

}  // namespace

std::vector<SourceCase> split_cases() {
  using enum Trait;
  return {
      {"HasTheSameSplits", {kReplayable}, has_the_same_splits},
      {"NamesTheSplitOfEachBatch", {kReplayable}, names_the_split_of_each_batch},
      {"GoesOnFromEveryPosition", {kReplayable}, goes_on_from_every_position},
      {"YieldsNothingFromItsEnd", {kReplayable}, yields_nothing_from_its_end},
      {"YieldsTheColumnsAskedForOfSplits", {kReplayable}, yields_the_columns_asked_for},
      {"IsAcknowledgedInAnyOrder", {kReplayable}, is_acknowledged_in_any_order},
      {"LosesNothingWhereNoBytesAreWanted",
       {kReplayable},
       loses_nothing_where_no_bytes_are_wanted},
      {"IsReadByTwoSplitReaders", {kReplayable}, is_read_by_two_split_readers},
      {"HearsAStopWhileSplitsAreRead", {kReplayable}, hears_a_stop_while_splits_are_read},
      {"HearsAStopWhileItWaits", {kReplayable, kStreams}, hears_a_stop_while_it_waits},
      {"ReadsOnAsRowsAreAdded", {kReplayable, kStreams}, reads_on_as_rows_are_added},
      {"ForgetsAReaderTwice", {kReplayable}, forgets_a_reader_twice},
  };
}

}  // namespace velo::testing
