#include <fmt/format.h>

#include <algorithm>

#include "velo/testing/conformance/epochs.h"
#include "velo/testing/matchers.h"

namespace velo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
  EXPECT_TRUE(has_rows(test, is_committed ? rows_of_epoch() : no_rows()));
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
  EXPECT_TRUE(has_rows(test, was_counted ? rows_of_epoch() : no_rows()));
  ASSERT_THAT((*next)->move_all(two_splits(100), 2), IsOk());
  EXPECT_EQ(test.ids_there().size(),
            static_cast<size_t>(kRowsOfTwoSplits + (was_counted ? 2 * kBatchRows : 0)));
}

// One that wakes up when the newer one has written, finished and gone.
void fences_who_wakes_up_late(SinkTest& test) {
  const auto pipeline = new_pipeline(/*is_run=*/true);
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

// By which a process that has lost its connections knows whether it was overtaken.
void tells_who_has_it(SinkTest& test) {
  const auto pipeline = new_pipeline();
  const auto look = [&] {
    const auto sink = test.open().ValueOrDie();
    CommitObserver observer;
    return sink->transactions()
        ->create_committer(pipeline, observer)
        .ValueOrDie()
        ->look({});
  };
  ASSERT_THAT(look(), IsOk());
  EXPECT_EQ(look()->incarnation, "");
  std::string incarnation;
  for (const bool has_committed : {false, true, true}) {
    SCOPED_TRACE(has_committed ? "committed before" : "new");
    const auto process = SinkProcess::start(test, pipeline);
    ASSERT_THAT(process, IsOk());
    ASSERT_THAT((*process)->open_lanes(2, named_schema()), IsOk());
    const CommitRecord& record = (*process)->record();
    if (incarnation.empty()) incarnation = record.incarnation;
    EXPECT_EQ(record.incarnation, incarnation);
    const auto seen = look();
    ASSERT_THAT(seen, IsOk());
    EXPECT_EQ(seen->incarnation, incarnation);
    EXPECT_EQ(seen->fence, record.fence);
    ASSERT_THAT((*process)->write("a", named_rows(0, 1), position_after(0)), IsOk());
    ASSERT_THAT((*process)->prepare(), IsOk());
    ASSERT_THAT((*process)->commit(), IsOk());
    ASSERT_THAT(look(), IsOk());
    EXPECT_EQ(look()->fence, record.fence);
  }
}

void forgets_twice(SinkTest& test) {
  const auto pipeline = new_pipeline(/*is_run=*/true);
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
  const auto pipeline = new_pipeline(/*is_run=*/true);
  const auto process = SinkProcess::start(test, pipeline);
  ASSERT_THAT(process, IsOk());
  EXPECT_THAT((*process)->committer().forget(), IsOk());
  const auto kept = test.place().leftovers();
  ASSERT_THAT(kept, IsOk());
  EXPECT_THAT(*kept, IsEmpty());
}

}  // namespace

std::vector<SinkCase> recovery_cases() {
  using enum Trait;
  std::vector<SinkCase> cases{
      {"DropsWhatWasPrepared", {kTransactional}, drops_what_was_prepared},
      {"DropsWhatWasWritten", {kTransactional}, drops_what_was_written},
      {"MayRecoverTwice", {kTransactional}, may_recover_twice},
      {"KeepsItsIncarnation", {kTransactional}, keeps_its_incarnation},
      {"TellsWhoHasIt", {kTransactional}, tells_who_has_it},
      {"FencesWhoWasOvertaken", {kTransactional}, fences_who_was_overtaken},
      {"FencesWhoWakesUpLate", {kTransactional}, fences_who_wakes_up_late},
      {"ForgetsTwice", {kTransactional}, forgets_twice},
      {"ForgetsWhatNeverBegan", {kTransactional}, forgets_what_never_began},
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
