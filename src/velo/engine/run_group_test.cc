#include "velo/run_group.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo {
namespace {

using namespace std::chrono_literals;
using testing::CallLog;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::Memory;
using testing::MemorySink;
using testing::Script;
using testing::ScriptedSource;

// Two runs of two rows each, into one sink, unless others are named.
class RunGroups : public ::testing::Test {
 protected:
  RunGroups() {
    script_.splits = {{"a", {1, 2}}};
    options_.retry_for = 0s;
  }

  // One process, with ends of its own.
  struct Process {
    explicit Process(RunGroups& test, const std::vector<int>& numbers = {1, 2})
        : options(test.options_),
          source(test.script_, test.log_),
          sink(test.memory_),
          other_sink(test.other_memory_),
          group(runs(numbers)) {}

    // From the tenth on they are of another sink.
    std::vector<GroupedRun> runs(const std::vector<int>& numbers) {
      std::vector<GroupedRun> runs;
      for (const int number : numbers) {
        runs.push_back({.source = &source,
                        .sink = number < 10 ? &sink : &other_sink,
                        .pipeline = {.id = fmt::format("run_{}", number), .is_run = true},
                        .options = &options});
        sinks.push_back(number < 10 ? &sink : &other_sink);
      }
      return runs;
    }

    Status run(size_t i) {
      options.on_taken_over = [this, i](const CommitRecord& record) {
        return group.took_over(i, record);
      };
      ARROW_RETURN_NOT_OK(
          velo::run(source, *sinks[i], group.identity(i), options, {}).status());
      group.ended(i);
      return Status::OK();
    }

    RunOptions options;
    ScriptedSource source;
    MemorySink sink;
    MemorySink other_sink;
    std::vector<MemorySink*> sinks;  // by the run
    RunGroup group;
  };

  // All of it; what finish() answers.
  Result<std::string> run(const std::vector<int>& numbers = {1, 2}) {
    Process process(*this, numbers);
    ARROW_RETURN_NOT_OK(process.group.has_finished());
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (process.group.has_finished_before(i)) continue;
      ARROW_RETURN_NOT_OK(process.run(i));
    }
    return process.group.finish();
  }

  // What comes in the way of the N-th such call.
  static void before(Memory& memory, const std::string& call, int number,
                     std::function<void()> what) {
    memory.on_call = [call, number, what = std::move(what)](
                         const std::string& made, const std::stop_token&) mutable {
      if (made == call && --number == 0) what();
      return Status::OK();
    };
  }

  // The N-th record is gone, or stays, and nobody hears of it.
  void lose(const std::string& call, int number) {
    memory_.on_call = [call, number](const std::string& made,
                                     const std::stop_token&) mutable {
      return made == call && --number == 0
                 ? make_error(ErrorKind::kTransient, {}, "no answer")
                 : Status::OK();
    };
  }

  CallLog log_;
  Script script_;
  Memory memory_{log_};
  Memory other_memory_{log_};
  RunOptions options_;
};

TEST_F(RunGroups, LeaveNothingButRows) {
  const auto left = run();
  ASSERT_THAT(left, IsOk());
  EXPECT_THAT(*left, IsEmpty());
  EXPECT_EQ(memory_.rows().size(), 4U);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

// Two records and the mark: while that is there, nothing is moved again.
TEST_F(RunGroups, AreDoneThoughTheirRecordsMayBeLeft) {
  for (const std::string call : {"forget", "removed"}) {
    for (int number = 1; number <= 3; ++number) {
      SCOPED_TRACE(call + " " + std::to_string(number));
      const auto rows = memory_.rows().size();
      lose(call, number);
      auto left = run();
      ASSERT_THAT(left, IsOk());
      EXPECT_EQ(*left, "no answer");
      EXPECT_EQ(memory_.rows().size(), rows + 4);
      if (memory_.records().empty()) continue;
      left = run();
      ASSERT_THAT(left, IsOk());
      EXPECT_THAT(*left, IsEmpty());
      EXPECT_EQ(memory_.rows().size(), rows + 4);
      EXPECT_THAT(memory_.records(), IsEmpty());
    }
  }
}

// Where it cannot be asked for the mark may be there: nothing is begun anew.
TEST_F(RunGroups, DoNotBeginBeforeTheMarkIsLookedFor) {
  lose("removed", 1);
  ASSERT_THAT(run(), IsOk());
  ASSERT_EQ(memory_.rows().size(), 4U);
  ASSERT_FALSE(memory_.records().empty());
  lose("look", 1);
  EXPECT_THAT(run(), IsError(ErrorKind::kTransient, HasSubstr("an earlier run")));
  EXPECT_EQ(memory_.rows().size(), 4U);
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows().size(), 4U);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

// A newer process has done all of it, and removed the records, between two runs: the
// second one is not begun anew.
TEST_F(RunGroups, AreOvertakenBetweenTwoRuns) {
  Process older(*this);
  ASSERT_THAT(older.run(0), IsOk());
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows().size(), 4U);
  EXPECT_THAT(older.run(1), IsError(ErrorKind::kFenced, HasSubstr("a newer run")));
  EXPECT_EQ(memory_.rows().size(), 4U);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

TEST_F(RunGroups, AreOvertakenByOneThatIsNotDone) {
  Process older(*this);
  ASSERT_THAT(older.run(0), IsOk());
  Process newer(*this);
  ASSERT_THAT(newer.run(0), IsOk());
  EXPECT_THAT(older.run(1), IsError(ErrorKind::kFenced, HasSubstr("a newer run")));
  ASSERT_THAT(newer.run(1), IsOk());
  ASSERT_THAT(newer.group.finish(), IsOk());
  EXPECT_EQ(memory_.rows().size(), 4U);
}

TEST_F(RunGroups, LeaveARecordThatIsANewerOnes) {
  Process older(*this);
  ASSERT_THAT(older.run(0), IsOk());
  ASSERT_THAT(older.run(1), IsOk());
  ASSERT_THAT(run(), IsOk());
  Process newer(*this);
  ASSERT_THAT(newer.run(0), IsOk());
  EXPECT_THAT(older.group.finish(), IsError(ErrorKind::kFenced, HasSubstr("a newer")));
  ASSERT_THAT(newer.run(1), IsOk());
  ASSERT_THAT(newer.group.finish(), IsOk());
  EXPECT_EQ(memory_.rows().size(), 8U);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

// Of two commands that have a run in common, each removes what it has itself.
TEST_F(RunGroups, LeaveAllRecordsWhereOneIsOfAnotherGroup) {
  Process older(*this, {1, 2, 3});
  ASSERT_THAT(older.run(0), IsOk());
  ASSERT_THAT(older.run(1), IsOk());
  ASSERT_THAT(run({2, 4}), IsOk());
  ASSERT_THAT(older.run(2), IsError(ErrorKind::kFenced, HasSubstr("a newer run")));
  EXPECT_EQ(memory_.rows().size(), 6U);

  ASSERT_THAT(run({1, 2, 3}), IsOk());
  EXPECT_THAT(memory_.records(), IsEmpty());
  Process second(*this, {1, 2, 3});
  for (size_t i = 0; i < 3; ++i) ASSERT_THAT(second.run(i), IsOk());
  ASSERT_THAT(Process(*this, {2, 4}).run(0), IsOk());
  EXPECT_THAT(second.group.finish(), IsError(ErrorKind::kFenced, HasSubstr("a newer")));
  EXPECT_TRUE(memory_.records().contains("run_1"));
  EXPECT_TRUE(memory_.records().contains("run_3"));
  const auto rows = memory_.rows().size();
  ASSERT_THAT(run({1, 2, 3}), IsOk());
  EXPECT_EQ(memory_.rows().size(), rows);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

// Of a group that does not see the mark, which is in a sink that it does not have.
TEST_F(RunGroups, AreDoneWhereARecordIsTakenOverAfterOthersWereRemoved) {
  Process process(*this, {11, 2});
  ASSERT_THAT(process.run(0), IsOk());
  ASSERT_THAT(process.run(1), IsOk());
  Process other(*this, {2, 4});
  before(other_memory_, "removed", 1, [&] { ASSERT_THAT(other.run(0), IsOk()); });
  const auto left = process.group.finish();
  ASSERT_THAT(left, IsOk());
  EXPECT_THAT(*left, HasSubstr("a newer run"));
  EXPECT_THAT(other_memory_.records(), IsEmpty());
  ASSERT_THAT(other.run(1), IsOk());
  ASSERT_THAT(other.group.finish(), IsOk());
  EXPECT_EQ(memory_.rows().size(), 4U);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

// One that sleeps wherever it removes its records wakes up where another is at work.
TEST_F(RunGroups, RemoveNoRecordThatWasTakenOverMeanwhile) {
  for (int number = 1;; ++number) {
    SCOPED_TRACE(number);
    const auto rows = memory_.rows().size();
    Process older(*this);
    ASSERT_THAT(older.run(0), IsOk());
    ASSERT_THAT(older.run(1), IsOk());
    bool has_slept = false;
    Process newer(*this);
    before(memory_, "recover", number, [&] {
      has_slept = true;
      if (newer.run(0).ok()) (void)newer.run(1);
    });
    (void)older.group.finish();
    memory_.on_call = [](const std::string&, const std::stop_token&) {
      return Status::OK();
    };
    if (!memory_.records().empty()) {
      ASSERT_THAT(run(), IsOk());
    }
    EXPECT_EQ(memory_.rows().size(), rows + 4);
    EXPECT_THAT(memory_.records(), IsEmpty());
    if (!has_slept) break;
  }
}

// It has looked for marks before there was one, and begins when the first record is gone.
TEST_F(RunGroups, DoNotBeginWhatAnotherIsAboutToRemove) {
  Process older(*this);
  ASSERT_THAT(older.run(0), IsOk());
  ASSERT_THAT(older.run(1), IsOk());
  Process newer(*this);
  ASSERT_FALSE(newer.group.has_finished().ValueOrDie());
  lose("forget", 2);
  ASSERT_EQ(older.group.finish().ValueOrDie(), "no answer");
  EXPECT_THAT(newer.run(0), IsError(ErrorKind::kFenced, HasSubstr("run it again")));
  EXPECT_EQ(memory_.rows().size(), 4U);
  ASSERT_THAT(run(), IsOk());
  EXPECT_EQ(memory_.rows().size(), 4U);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

// Who was to do the rest sleeps until another has done it, and a third has begun anew.
TEST_F(RunGroups, LeaveWhatWasBegunAnewSinceTheMarkWasSeen) {
  lose("forget", 1);
  ASSERT_THAT(run(), IsOk());
  Process sleeper(*this);
  ASSERT_TRUE(sleeper.group.has_finished().ValueOrDie());
  ASSERT_THAT(run(), IsOk());
  ASSERT_THAT(memory_.records(), IsEmpty());
  Process newer(*this);
  ASSERT_THAT(newer.run(0), IsOk());
  EXPECT_THAT(sleeper.group.finish(), IsError(ErrorKind::kFenced, HasSubstr("a newer")));
  ASSERT_THAT(newer.run(1), IsOk());
  ASSERT_THAT(newer.group.finish(), IsOk());
  EXPECT_EQ(memory_.rows().size(), 8U);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

// The answer to a removal is lost, and before that is tried again others have finished
// and begun anew.
TEST_F(RunGroups, TryAgainToRemoveOnlyWhatIsTheirs) {
  options_.retry_for = 60s;
  Process older(*this);
  ASSERT_THAT(older.run(0), IsOk());
  ASSERT_THAT(older.run(1), IsOk());
  lose("forget", 1);
  Process newer(*this);
  older.options.on_retry = [&](const Retry&) {
    ASSERT_THAT(run(), IsOk());
    ASSERT_THAT(memory_.records(), IsEmpty());
    ASSERT_THAT(newer.run(0), IsOk());
  };
  EXPECT_THAT(older.group.finish(), IsError(ErrorKind::kFenced, HasSubstr("a newer")));
  ASSERT_THAT(newer.run(1), IsOk());
  ASSERT_THAT(newer.group.finish(), IsOk());
  EXPECT_EQ(memory_.rows().size(), 8U);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

// The group of the mark has finished, too, before this one does.
TEST_F(RunGroups, MakeNoMarkOfOthersAgainThatIsGone) {
  lose("forget", 2);
  ASSERT_THAT(run({2, 3}), IsOk());
  Process process(*this, {1, 2});
  ASSERT_THAT(process.group.has_finished(), IsOk());
  ASSERT_TRUE(process.group.has_finished_before(1));
  ASSERT_THAT(process.run(0), IsOk());
  ASSERT_THAT(run({2, 3}), IsOk());
  ASSERT_THAT(process.group.finish(), IsOk());
  EXPECT_THAT(memory_.records(), IsEmpty());
  const auto rows = memory_.rows().size();
  ASSERT_THAT(run({2, 3}), IsOk());
  EXPECT_EQ(memory_.rows().size(), rows + 4);
}

TEST_F(RunGroups, SeeMarksBehindADamagedOne) {
  other_memory_.on_call = [has_failed = false](const std::string& made,
                                               const std::stop_token&) mutable {
    return made == "forget" && !std::exchange(has_failed, true)
               ? make_error(ErrorKind::kTransient, {}, "no answer")
               : Status::OK();
  };
  ASSERT_THAT(run({1, 11}), IsOk());
  ASSERT_THAT(memory_.recover("velo_group_0000000000000000", {}), IsOk());
  memory_.on_call = [has_failed = false](const std::string& made,
                                         const std::stop_token&) mutable {
    return made == "look" && !std::exchange(has_failed, true)
               ? make_error(ErrorKind::kCorruptData, {}, "this is no record")
               : Status::OK();
  };
  ASSERT_THAT(run({1, 11}), IsOk());
  EXPECT_EQ(memory_.rows().size(), 2U);
  EXPECT_EQ(other_memory_.rows().size(), 2U);
}

// A mark of other runs is in the second sink, which could not be asked when these began.
TEST_F(RunGroups, DoNotBeginWhatAMarkInASinkNames) {
  other_memory_.on_call = [number = 0](const std::string& made,
                                       const std::stop_token&) mutable {
    return made == "forget" && ++number == 2
               ? make_error(ErrorKind::kTransient, {}, "no answer")
               : Status::OK();
  };
  ASSERT_THAT(run({11, 12}), IsOk());
  ASSERT_EQ(other_memory_.rows().size(), 4U);
  other_memory_.on_call = [has_failed = false](const std::string& made,
                                               const std::stop_token&) mutable {
    return made == "look" && !std::exchange(has_failed, true)
               ? make_error(ErrorKind::kTransient, {}, "no answer")
               : Status::OK();
  };
  EXPECT_THAT(run({1, 11}), IsError(ErrorKind::kFenced, HasSubstr("run it again")));
  EXPECT_EQ(other_memory_.rows().size(), 4U);
  ASSERT_THAT(run({1, 11}), IsOk());
  EXPECT_EQ(other_memory_.rows().size(), 4U);
  EXPECT_EQ(memory_.rows().size(), 2U);
}

TEST_F(RunGroups, TryAgainToRemoveTheirRecords) {
  options_.retry_for = 60s;
  int num_retries = 0;
  options_.on_retry = [&](const Retry&) { ++num_retries; };
  lose("removed", 3);
  const auto left = run();
  ASSERT_THAT(left, IsOk());
  EXPECT_THAT(*left, IsEmpty());
  EXPECT_EQ(num_retries, 1);
  EXPECT_EQ(memory_.rows().size(), 4U);
  EXPECT_THAT(memory_.records(), IsEmpty());
}

}  // namespace
}  // namespace velo
