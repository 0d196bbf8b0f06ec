#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "velo/base/random_id.h"
#include "velo/testing/conformance/sink_process.h"
#include "velo/testing/matchers.h"

namespace velo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kManyLanes = 3;
constexpr int64_t kBatchRows = 10;

PipelineIdentity new_pipeline() { return {.id = "conformance_" + random_id()}; }

// Two splits of three batches, their rows by id from there on.
Splits two_splits(int64_t first_id = 0) {
  Splits splits;
  for (const SplitId split : {"a/1.csv", "b \"'\\,é☃/2"}) {
    for (int batch = 0; batch < 3; ++batch) {
      splits[split].push_back(named_rows(first_id, kBatchRows));
      first_id += kBatchRows;
    }
  }
  return splits;
}

constexpr int64_t kRowsOfTwoSplits = 2 * 3 * kBatchRows;

::testing::AssertionResult has_rows(const SinkTest& test, const Rows& expected) {
  const auto seen = test.read_back();
  if (!seen.ok()) return ::testing::AssertionFailure() << seen.status().ToString();
  return same_rows(*seen, expected);
}

Rows nothing() { return named_rows(0, 0); }

// Starts a process, opens its lanes and writes one batch of each of two splits.
Result<std::unique_ptr<SinkProcess>> write_epoch(const SinkTest& test,
                                                 const PipelineIdentity& pipeline,
                                                 int64_t first_id = 0) {
  ARROW_ASSIGN_OR_RAISE(auto process, SinkProcess::start(test, pipeline));
  ARROW_RETURN_NOT_OK(process->open_lanes(2, named_schema()));
  ARROW_RETURN_NOT_OK(
      process->write("a", named_rows(first_id, kBatchRows), position_after(0)));
  ARROW_RETURN_NOT_OK(process->write("b", named_rows(first_id + kBatchRows, kBatchRows),
                                     position_after(0)));
  return process;
}

Rows rows_of_epoch(int64_t first_id = 0) { return named_rows(first_id, 2 * kBatchRows); }

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
  EXPECT_TRUE(has_rows(test, nothing())) << "after write";
  ASSERT_THAT((*process)->prepare(), IsOk());
  EXPECT_TRUE(has_rows(test, nothing())) << "after prepare";
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
    ASSERT_THAT((*process)->write("a", nothing(), position_after(1)), IsOk());
    ASSERT_THAT((*process)->prepare(/*finished=*/true), IsOk());
    ASSERT_THAT((*process)->commit(), IsOk());
  }
  EXPECT_TRUE(has_rows(test, nothing()));
  const auto next = SinkProcess::start(test, pipeline);
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ((*next)->record().positions, (Positions{{"a", {position_after(1)}}}));
  EXPECT_EQ((*next)->record().num_rows, 0);
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

void drops_what_was_prepared(SinkTest& test) {
  const auto pipeline = new_pipeline();
  {
    const auto process = write_epoch(test, pipeline);
    ASSERT_THAT(process, IsOk());
    ASSERT_THAT((*process)->prepare(), IsOk());
  }
  const auto next = SinkProcess::start(test, pipeline);
  ASSERT_THAT(next, IsOk());
  // A sink that counts may have found all of it there: then it is committed.
  const bool is_committed = (*next)->record().num_rows > 0;
  EXPECT_FALSE(is_committed && test.kind().commit_kind != CommitKind::kCounted);
  EXPECT_EQ((*next)->record().positions.size(), is_committed ? 2U : 0U);
  EXPECT_TRUE(has_rows(test, is_committed ? rows_of_epoch() : nothing()));
}

void drops_what_was_written(SinkTest& test) {
  const auto pipeline = new_pipeline();
  ASSERT_THAT(write_epoch(test, pipeline), IsOk());
  const auto next = write_epoch(test, pipeline, 100);
  ASSERT_THAT(next, IsOk());
  EXPECT_THAT((*next)->record().positions, IsEmpty());
  ASSERT_THAT((*next)->prepare(), IsOk());
  ASSERT_THAT((*next)->commit(), IsOk());
  EXPECT_TRUE(has_rows(test, rows_of_epoch(100)));
}

// Lets a process be killed there, in its first epoch and in a later one, and each time
// another finish the work.
void goes_on_after_a_kill(SinkTest& test, CommitStep step) {
  const bool is_unreached =
      std::ranges::count(test.kind().unreached, step, &Unreached::step) > 0;
  const bool appends = !test.kind().find_lack(Trait::kAppends);
  const std::vector<int> moments = appends ? std::vector{0, 1} : std::vector{0};
  int64_t first_id = 0;
  for (const int num_commits : moments) {
    SCOPED_TRACE(fmt::format("{} of epoch {}", to_string(step), num_commits + 1));
    const auto pipeline = new_pipeline();
    const auto splits = two_splits(first_id);
    const bool in_recover = step == CommitStep::kInRecover;
    if (in_recover && num_commits > 0) {
      // To be found by the one that is killed.
      const auto before = SinkProcess::start(test, pipeline);
      ASSERT_THAT(before, IsOk());
      Splits some;
      for (const auto& [split, batches] : splits) some[split] = {batches.front()};
      ASSERT_THAT((*before)->move_all(some, 2), IsOk());
    }
    bool was_killed = false;
    try {
      const auto process = SinkProcess::start(
          test, pipeline,
          KillAt{.step = step, .num_commits = in_recover ? 0 : num_commits});
      ASSERT_THAT(process, IsOk());
      ASSERT_THAT((*process)->move_all(splits, 2), IsOk());
    } catch (const Killed&) {
      was_killed = true;
    }
    EXPECT_EQ(was_killed, !is_unreached);
    const auto next = SinkProcess::start(test, pipeline);
    ASSERT_THAT(next, IsOk());
    ASSERT_THAT((*next)->move_all(splits, 2), IsOk());
    first_id += kRowsOfTwoSplits;
    EXPECT_TRUE(has_rows(test, named_rows(0, first_id)));
    EXPECT_EQ((*next)->record().num_rows, kRowsOfTwoSplits);
  }
}

template <CommitStep kStep>
void goes_on_after_a_kill_at(SinkTest& test) {
  goes_on_after_a_kill(test, kStep);
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

void may_recover_twice(SinkTest& test) {
  const auto pipeline = new_pipeline();
  const auto process = write_epoch(test, pipeline);
  ASSERT_THAT(process, IsOk());
  ASSERT_THAT((*process)->prepare(), IsOk());
  ASSERT_THAT((*process)->commit(), IsOk());
  const CommitRecord before = (*process)->record();
  for (int time = 0; time < 2; ++time) {
    ASSERT_THAT((*process)->recover(), IsOk());
    EXPECT_EQ((*process)->record().incarnation, before.incarnation);
    EXPECT_EQ((*process)->record().positions, before.positions);
    EXPECT_EQ((*process)->record().num_rows, before.num_rows);
  }
  ASSERT_THAT((*process)->open_lanes(2, named_schema()), IsOk());
  ASSERT_THAT((*process)->write("c", named_rows(100, 1), position_after(0)), IsOk());
  ASSERT_THAT((*process)->prepare(), IsOk());
  ASSERT_THAT((*process)->commit(), IsOk());
  const auto before_it = test.kind().find_lack(Trait::kAppends) ? 0 : 2 * kBatchRows;
  EXPECT_EQ(test.ids_there().size(), static_cast<size_t>(before_it + 1));
}

void keeps_its_incarnation(SinkTest& test) {
  const auto process = SinkProcess::start(test, new_pipeline());
  ASSERT_THAT(process, IsOk());
  const std::string incarnation = (*process)->record().incarnation;
  EXPECT_FALSE(incarnation.empty());
  ASSERT_THAT((*process)->recover(), IsOk());
  EXPECT_EQ((*process)->record().incarnation, incarnation);
  ASSERT_THAT((*process)->move_all(two_splits(), 1), IsOk());
  ASSERT_THAT((*process)->recover(), IsOk());
  EXPECT_EQ((*process)->record().incarnation, incarnation);
}

// A process that has prepared, and is overtaken before it commits.
void fences_who_was_overtaken(SinkTest& test) {
  const auto pipeline = new_pipeline();
  const auto old = write_epoch(test, pipeline);
  ASSERT_THAT(old, IsOk());
  ASSERT_THAT((*old)->prepare(), IsOk());
  const auto next = SinkProcess::start(test, pipeline);
  ASSERT_THAT(next, IsOk());
  EXPECT_GT((*next)->record().fence, (*old)->record().fence);
  const bool was_counted = (*next)->record().num_rows > 0;
  EXPECT_FALSE(was_counted && test.kind().commit_kind != CommitKind::kCounted);
  EXPECT_THAT((*old)->commit(), IsError(ErrorKind::kFenced, HasSubstr("newer run")));
  EXPECT_TRUE(has_rows(test, was_counted ? rows_of_epoch() : nothing()));
  ASSERT_THAT((*next)->move_all(two_splits(100), 2), IsOk());
  EXPECT_EQ(test.ids_there().size(),
            static_cast<size_t>(kRowsOfTwoSplits + (was_counted ? 2 * kBatchRows : 0)));
}

// One that wakes up when the newer one has written, finished and gone.
void fences_who_wakes_up_late(SinkTest& test) {
  const PipelineIdentity pipeline{.id = new_pipeline().id, .is_run = true};
  const auto old = SinkProcess::start(test, pipeline);
  ASSERT_THAT(old, IsOk());
  ASSERT_THAT((*old)->open_lanes(2, named_schema()), IsOk());
  {
    const auto next = SinkProcess::start(test, pipeline);
    ASSERT_THAT(next, IsOk());
    ASSERT_THAT((*next)->move_all(two_splits(), 2), IsOk());
    ASSERT_THAT((*next)->committer().forget(), IsOk());
  }
  Status status = (*old)->write("a", named_rows(1000, 1), position_after(0));
  if (status.ok()) status = (*old)->prepare();
  if (status.ok()) status = (*old)->commit();
  EXPECT_THAT(status, IsError(ErrorKind::kFenced, HasSubstr("newer run")));
  EXPECT_TRUE(has_rows(test, named_rows(0, kRowsOfTwoSplits)));
}

void forgets_twice(SinkTest& test) {
  const PipelineIdentity pipeline{.id = new_pipeline().id, .is_run = true};
  {
    const auto process = SinkProcess::start(test, pipeline);
    ASSERT_THAT(process, IsOk());
    ASSERT_THAT((*process)->move_all(two_splits(), 2), IsOk());
    EXPECT_THAT((*process)->committer().forget(), IsOk());
    EXPECT_THAT((*process)->committer().forget(), IsOk());
  }
  EXPECT_TRUE(has_rows(test, named_rows(0, kRowsOfTwoSplits)));
  const auto kept = test.place().leftovers();
  ASSERT_THAT(kept, IsOk());
  EXPECT_THAT(*kept, IsEmpty());
  const auto next = SinkProcess::start(test, pipeline);
  ASSERT_THAT(next, IsOk());
  EXPECT_THAT((*next)->record().positions, IsEmpty());
  EXPECT_EQ((*next)->record().num_rows, 0);
  EXPECT_FALSE((*next)->record().finished);
  EXPECT_THAT((*next)->committer().forget(), IsOk());
}

void forgets_what_never_began(SinkTest& test) {
  const PipelineIdentity pipeline{.id = new_pipeline().id, .is_run = true};
  const auto process = SinkProcess::start(test, pipeline);
  ASSERT_THAT(process, IsOk());
  EXPECT_THAT((*process)->committer().forget(), IsOk());
  const auto kept = test.place().leftovers();
  ASSERT_THAT(kept, IsOk());
  EXPECT_THAT(*kept, IsEmpty());
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
  std::jthread asks([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
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
  std::vector<SinkCase> cases{
      {"SaysHowItCommits", {kTransactional}, says_what_it_is},
      {"ShowsRowsAtTheirCommit",
       {kTransactional, kInvisible},
       shows_rows_at_their_commit},
      {"CommitsEpochAfterEpoch", {kTransactional, kAppends}, commits_epoch_after_epoch},
      {"CommitsAnEpochWithoutRows",
       {kTransactional, kAppends},
       commits_an_epoch_without_rows},
      {"GivesBackWhatWasCommitted", {kTransactional}, gives_back_what_was_committed},
      {"AddsPositionsUp", {kTransactional, kAppends}, adds_positions_up},
      {"DropsWhatWasPrepared", {kTransactional}, drops_what_was_prepared},
      {"DropsWhatWasWritten", {kTransactional}, drops_what_was_written},
      {"MayCommitTwice", {kTransactional}, may_commit_twice},
      {"MayRecoverTwice", {kTransactional}, may_recover_twice},
      {"KeepsItsIncarnation", {kTransactional}, keeps_its_incarnation},
      {"FencesWhoWasOvertaken", {kTransactional}, fences_who_was_overtaken},
      {"FencesWhoWakesUpLate", {kTransactional}, fences_who_wakes_up_late},
      {"ForgetsTwice", {kTransactional}, forgets_twice},
      {"ForgetsWhatNeverBegan", {kTransactional}, forgets_what_never_began},
      {"IsWrittenBySeveralLanes",
       {kTransactional, kManyLanes},
       is_written_by_several_lanes},
      {"KeepsTwoPipelinesApart", {kTransactional, kAppends}, keeps_two_pipelines_apart},
      {"HearsAStopWhileItWaits", {kTransactional, kWaits}, hears_a_stop_while_it_waits},
  };
  const auto add = [&](CommitStep step, void (*run)(SinkTest&)) {
    std::vector<Trait> needs{kTransactional};
    if (step == CommitStep::kBetweenCompletes) needs.push_back(kDropsMidway);
    cases.push_back({fmt::format("GoesOnAfterAKill_{}", to_string(step)), needs, run});
  };
  using enum CommitStep;
  add(kInWrite, goes_on_after_a_kill_at<kInWrite>);
  add(kAfterPrepareOne, goes_on_after_a_kill_at<kAfterPrepareOne>);
  add(kAfterPrepare, goes_on_after_a_kill_at<kAfterPrepare>);
  add(kAfterPublish, goes_on_after_a_kill_at<kAfterPublish>);
  add(kBetweenCompletes, goes_on_after_a_kill_at<kBetweenCompletes>);
  add(kAfterCommit, goes_on_after_a_kill_at<kAfterCommit>);
  add(kInRecover, goes_on_after_a_kill_at<kInRecover>);
  return cases;
}

}  // namespace velo::testing
