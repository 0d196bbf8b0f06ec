#include <algorithm>
#include <chrono>
#include <thread>

#include "velo/base/clock.h"
#include "velo/testing/conformance/epochs.h"
#include "velo/testing/matchers.h"

namespace velo::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kManyLanes = 3;

void says_what_it_is(SinkTest& test) {
  const auto sink = test.open().ValueOrDie();
  ASSERT_NE(sink->transactions(), nullptr);
  EXPECT_TRUE(sink->supports_transactions());
  EXPECT_EQ(sink->transactions()->commit_kind(), test.kind().commit_kind);
  EXPECT_EQ(sink->transactions()->max_lanes() > 1,
            !test.kind().find_lack(Trait::kManyLanes));
  EXPECT_EQ(sink->transactions()->identity(),
            test.open().ValueOrDie()->transactions()->identity());
  CommitObserver observer;
  const auto committer = sink->transactions()->create_committer(new_pipeline(), observer);
  ASSERT_THAT(committer, IsOk());
  EXPECT_EQ((*committer)->commits_once(),
            test.kind().find_lack(Trait::kAppends) != nullptr);
}

void shows_rows_at_their_commit(SinkTest& test) {
  const auto process = write_epoch(test, new_pipeline());
  ASSERT_THAT(process, IsOk());
  EXPECT_TRUE(has_rows(test, no_rows())) << "after write";
  ASSERT_THAT((*process)->prepare(), IsOk());
  EXPECT_TRUE(has_rows(test, no_rows())) << "after prepare";
  ASSERT_THAT((*process)->commit(), IsOk());
  EXPECT_TRUE(has_rows(test, rows_of_epoch()));
}

void commits_epoch_after_epoch(SinkTest& test) {
  const auto pipeline = new_pipeline();
  for (const int64_t first_id : {int64_t{0}, kRowsOfTwoSplits}) {
    const auto process = SinkProcess::start(test, pipeline);
    ASSERT_THAT(process, IsOk());
    auto splits = two_splits(first_id);
    if (first_id > 0) splits = {{"another", splits.begin()->second}};
    ASSERT_THAT((*process)->move_all(splits, 2), IsOk());
  }
  EXPECT_TRUE(has_rows(test, named_rows(0, kRowsOfTwoSplits + 3 * kBatchRows)));
}

void commits_an_epoch_without_rows(SinkTest& test) {
  const auto pipeline = new_pipeline();
  {
    const auto process = SinkProcess::start(test, pipeline);
    ASSERT_THAT(process, IsOk());
    ASSERT_THAT((*process)->open_lanes(2, named_schema()), IsOk());
    (*process)->move("a", {position_after(0)});
    ASSERT_THAT((*process)->prepare(), IsOk());
    ASSERT_THAT((*process)->commit(), IsOk());
    ASSERT_THAT((*process)->write("a", no_rows(), position_after(1)), IsOk());
    ASSERT_THAT((*process)->prepare(/*finished=*/true), IsOk());
    ASSERT_THAT((*process)->commit(), IsOk());
  }
  EXPECT_TRUE(has_rows(test, no_rows()));
  const auto next = SinkProcess::start(test, pipeline);
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ((*next)->record().positions, (Positions{{"a", {position_after(1)}}}));
  EXPECT_EQ((*next)->record().num_rows, 0);
}

void lists_its_pipelines(SinkTest& test) {
  std::vector<std::string> ids;
  for (const bool is_run : {false, true, false}) {
    const auto pipeline = new_pipeline(is_run);
    const auto process = SinkProcess::start(test, pipeline);
    ASSERT_THAT(process, IsOk());
    ASSERT_THAT((*process)->move_all(two_splits(100 * std::ssize(ids)), 2), IsOk());
    ids.push_back(pipeline.id);
  }
  const auto sink = test.open().ValueOrDie();
  const auto list = [&](const std::string& prefix) {
    return sink->transactions()->list_pipelines(prefix, {}).ValueOrDie();
  };
  EXPECT_THAT(list(ids[1]), ElementsAre(ids[1]));
  EXPECT_THAT(list(ids[1] + "_"), IsEmpty());
  EXPECT_THAT(list("no_such"), IsEmpty());
  std::ranges::sort(ids);
  EXPECT_EQ(list(""), ids);
}

void gives_back_what_was_committed(SinkTest& test) {
  const auto pipeline = new_pipeline();
  const Positions ends{
      {"a/1.csv", {Position{std::string("\x00\xff\n\"'\\,\x7f", 8)}, /*ended=*/true}},
      {"b \"'\\,\té☃", {Position{"17"}}}};
  CommitRecord committed;
  {
    const auto process = SinkProcess::start(test, pipeline);
    ASSERT_THAT(process, IsOk());
    EXPECT_THAT((*process)->record().positions, IsEmpty());
    EXPECT_EQ((*process)->record().num_rows, 0);
    EXPECT_FALSE((*process)->record().finished);
    ASSERT_THAT((*process)->open_lanes(2, named_schema()), IsOk());
    int64_t id = 0;
    for (const auto& [split, progress] : ends) {
      ASSERT_THAT((*process)->write(split, named_rows(id++, 1), progress.position),
                  IsOk());
      (*process)->move(split, progress);
    }
    ASSERT_THAT((*process)->prepare(/*finished=*/true), IsOk());
    ASSERT_THAT((*process)->commit(), IsOk());
    committed = (*process)->record();
  }
  const auto next = SinkProcess::start(test, pipeline);
  ASSERT_THAT(next, IsOk());
  const CommitRecord& record = (*next)->record();
  EXPECT_EQ(record.pipeline, pipeline.id);
  EXPECT_EQ(record.incarnation, committed.incarnation);
  EXPECT_GT(record.fence, committed.fence);
  EXPECT_GE(record.epoch, committed.epoch);
  EXPECT_EQ(record.fingerprint, committed.fingerprint);
  EXPECT_EQ(record.positions, ends);
  EXPECT_EQ(record.num_rows, 2);
  EXPECT_TRUE(record.finished);
}

void adds_positions_up(SinkTest& test) {
  const auto pipeline = new_pipeline();
  const auto process = SinkProcess::start(test, pipeline);
  ASSERT_THAT(process, IsOk());
  ASSERT_THAT((*process)->open_lanes(2, named_schema()), IsOk());
  Positions expected;
  for (size_t epoch = 0; epoch < 4; ++epoch) {
    const SplitId split = epoch % 2 == 0 ? "a" : "b";
    ASSERT_THAT((*process)->write(split, named_rows(static_cast<int64_t>(epoch), 1),
                                  position_after(epoch)),
                IsOk());
    expected[split] = {position_after(epoch)};
    ASSERT_THAT((*process)->prepare(), IsOk());
    ASSERT_THAT((*process)->commit(), IsOk());
  }
  const auto next = SinkProcess::start(test, pipeline);
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ((*next)->record().positions, expected);
  EXPECT_EQ((*next)->record().num_rows, 4);
}

void may_commit_twice(SinkTest& test) {
  const auto pipeline = new_pipeline();
  {
    const auto process = write_epoch(test, pipeline);
    ASSERT_THAT(process, IsOk());
    ASSERT_THAT((*process)->prepare(), IsOk());
    ASSERT_THAT((*process)->commit(), IsOk());
    // Whether it says so or not: nothing is done.
    (void)(*process)->commit_again();
    EXPECT_TRUE(has_rows(test, rows_of_epoch()));
  }
  const auto next = SinkProcess::start(test, pipeline);
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ((*next)->record().positions.size(), 2U);
  EXPECT_TRUE(has_rows(test, rows_of_epoch()));
}

void is_written_by_several_lanes(SinkTest& test) {
  const auto process = SinkProcess::start(test, new_pipeline());
  ASSERT_THAT(process, IsOk());
  Splits splits = two_splits();
  splits["c"] = two_splits(kRowsOfTwoSplits).begin()->second;
  ASSERT_THAT((*process)->move_all(splits, kManyLanes), IsOk());
  EXPECT_TRUE(has_rows(test, named_rows(0, kRowsOfTwoSplits + 3 * kBatchRows)));
}

void keeps_two_pipelines_apart(SinkTest& test) {
  const auto first = write_epoch(test, new_pipeline());
  const auto second = write_epoch(test, new_pipeline(), 100);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  ASSERT_THAT((*first)->prepare(), IsOk());
  ASSERT_THAT((*second)->prepare(), IsOk());
  ASSERT_THAT((*second)->commit(), IsOk());
  ASSERT_THAT((*first)->commit(), IsOk());
  EXPECT_TRUE(
      has_rows(test, concatenate({rows_of_epoch(), rows_of_epoch(100)}, named_schema())));
}

// Writes large rows until the system does not take more, and a stop is heard.
::testing::AssertionResult writes_until_stopped(SinkProcess& process) {
  constexpr std::chrono::seconds kSoon{3};
  const Rows rows = random_rows();
  std::stop_source stop;
  std::chrono::steady_clock::time_point asked_at;
  std::jthread asks([&](const std::stop_token& ended) {
    velo::steady_clock().wait_for(std::chrono::milliseconds(500), ended);
    asked_at = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  Status status;
  while (status.ok() && !stop.stop_requested()) {
    status = process.write("a", rows, position_after(0), stop.get_token());
  }
  const auto heard_at = std::chrono::steady_clock::now();
  asks.join();
  if (status.ok()) return ::testing::AssertionFailure() << "it never waited";
  if (kind_of(status) != ErrorKind::kCancelled) {
    return ::testing::AssertionFailure() << status.ToString();
  }
  if (heard_at - asked_at < kSoon) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "the stop was heard late";
}

void hears_a_stop_while_it_waits(SinkTest& test) {
  const auto process = SinkProcess::start(test, new_pipeline());
  ASSERT_THAT(process, IsOk());
  ASSERT_THAT((*process)->open_lanes(1, named_schema()), IsOk());
  const auto blockade = test.place().block();
  ASSERT_THAT(blockade, IsOk());
  ASSERT_NE(*blockade, nullptr);
  EXPECT_TRUE(writes_until_stopped(**process));
}

}  // namespace

std::vector<SinkCase> commit_cases() {
  using enum Trait;
  return {
      {"SaysHowItCommits", {kTransactional}, says_what_it_is},
      {"ShowsRowsAtTheirCommit",
       {kTransactional, kInvisible},
       shows_rows_at_their_commit},
      {"CommitsEpochAfterEpoch", {kTransactional, kAppends}, commits_epoch_after_epoch},
      {"CommitsAnEpochWithoutRows",
       {kTransactional, kAppends},
       commits_an_epoch_without_rows},
      {"GivesBackWhatWasCommitted", {kTransactional}, gives_back_what_was_committed},
      {"ListsItsPipelines", {kTransactional, kAppends}, lists_its_pipelines},
      {"AddsPositionsUp", {kTransactional, kAppends}, adds_positions_up},
      {"MayCommitTwice", {kTransactional}, may_commit_twice},
      {"IsWrittenBySeveralLanes",
       {kTransactional, kManyLanes},
       is_written_by_several_lanes},
      {"KeepsTwoPipelinesApart", {kTransactional, kAppends}, keeps_two_pipelines_apart},
      {"HearsAStopWhileItWaits", {kTransactional, kWaits}, hears_a_stop_while_it_waits},
  };
}

}  // namespace velo::testing
