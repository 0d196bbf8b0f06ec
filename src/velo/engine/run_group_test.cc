#include "velo/run_group.h"

#include <gtest/gtest.h>

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

// Two runs of two rows each, into one sink.
class RunGroups : public ::testing::Test {
 protected:
  RunGroups() {
    script_.splits = {{"a", {1, 2}}};
    options_.retry_for = 0s;
  }

  // One process, with ends of its own.
  struct Process {
    explicit Process(RunGroups& test)
        : options(test.options_),
          source(test.script_, test.log_),
          sink(test.memory_),
          group({{&source, &sink, {.id = "run_1", .is_run = true}, &options},
                 {&source, &sink, {.id = "run_2", .is_run = true}, &options}}) {}

    Status run(size_t i) {
      options.on_taken_over = [this, i](const CommitRecord& record) {
        return group.took_over(i, record);
      };
      ARROW_RETURN_NOT_OK(
          velo::run(source, sink, group.identity(i), options, {}).status());
      group.ended(i);
      return Status::OK();
    }

    RunOptions options;
    ScriptedSource source;
    MemorySink sink;
    RunGroup group;
  };

  // All of it; what finish() answers.
  Result<std::string> run() {
    Process process(*this);
    ARROW_ASSIGN_OR_RAISE(const bool has_finished, process.group.has_finished());
    for (size_t i = 0; i < 2 && !has_finished; ++i) {
      ARROW_RETURN_NOT_OK(process.run(i));
    }
    return process.group.finish();
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
