#include "velo/run_group.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo {
namespace {

using namespace std::chrono_literals;
using testing::CallLog;
using ::testing::IsEmpty;
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

  // What finish() answers.
  Result<std::string> run() {
    ScriptedSource source(script_, log_);
    MemorySink sink(memory_);
    std::vector<GroupedRun> runs;
    for (const char* id : {"run_1", "run_2"}) {
      runs.push_back({&source, &sink, {.id = id, .is_run = true}, &options_});
    }
    const RunGroup group(runs);
    ARROW_ASSIGN_OR_RAISE(const bool has_finished, group.has_finished());
    for (size_t i = 0; i < runs.size() && !has_finished; ++i) {
      ARROW_RETURN_NOT_OK(
          velo::run(source, sink, group.identity(i), options_, {}).status());
    }
    return group.finish();
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
