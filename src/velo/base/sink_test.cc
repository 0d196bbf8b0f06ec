#include "velo/sink.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo {
namespace {

using testing::CallLog;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::Memory;
using testing::MemorySink;
using ::testing::Not;
using testing::numbers;

class OneEpoch : public ::testing::Test {
 protected:
  std::unique_ptr<DataWriter> writer(const WriteOptions& options = {}) {
    auto made = sink_.create_writer(options);
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }

  void fail(const std::string& call, ErrorKind kind) {
    memory_.on_call = [call, kind](const std::string& made, const std::stop_token&) {
      return made.starts_with(call) ? make_error(kind, {}, made) : Status::OK();
    };
  }

  CallLog log_;
  Memory memory_{log_};
  MemorySink sink_{memory_};
};

TEST_F(OneEpoch, CommitsAtTheEndAndLeavesNoRecord) {
  const auto to = writer();
  ASSERT_THAT(to->write({.rows = numbers({1, 2})}), IsOk());
  ASSERT_THAT(to->write({.rows = numbers({3})}), IsOk());
  EXPECT_THAT(memory_.rows(), IsEmpty());
  EXPECT_THAT(to->finish(), IsOk());
  EXPECT_THAT(to->finish(), IsOk()) << "a second time";
  to->abort();
  EXPECT_THAT(memory_.rows(), ElementsAre(1, 2, 3));
  EXPECT_THAT(memory_.records(), IsEmpty());
  EXPECT_EQ(to->bytes_written(), 24);
  EXPECT_THAT(log_.calls(),
              ElementsAre("recover", "write 0", "write 0", "prepare 0",
                          "commit 3 rows of 1 lanes, last", "committed", "forget"));
}

TEST_F(OneEpoch, EndsWhenItIsOldEnoughAndAnotherBegins) {
  memory_.pace.interval = std::chrono::milliseconds(0);
  const auto to = writer();
  ASSERT_THAT(to->write({.rows = numbers({1, 2})}), IsOk());
  EXPECT_THAT(memory_.rows(), IsEmpty());
  ASSERT_THAT(to->write({.rows = numbers({3})}), IsOk());
  EXPECT_THAT(memory_.rows(), ElementsAre(1, 2));
  EXPECT_THAT(to->finish(), IsOk());
  EXPECT_THAT(memory_.rows(), ElementsAre(1, 2, 3));
  EXPECT_THAT(memory_.records(), IsEmpty());
}

TEST_F(OneEpoch, IsAllThereIsWhereNothingMayBeVisibleBefore) {
  memory_.pace.interval = std::chrono::milliseconds(0);
  const auto to = writer({.all_at_once = true});
  for (const int64_t number : {1, 2, 3}) {
    ASSERT_THAT(to->write({.rows = numbers({number})}), IsOk());
    EXPECT_THAT(memory_.rows(), IsEmpty());
  }
  EXPECT_THAT(to->finish(), IsOk());
  EXPECT_THAT(memory_.rows(), ElementsAre(1, 2, 3));
}

TEST_F(OneEpoch, ThatCannotBeCommittedIsTheLast) {
  memory_.pace.interval = std::chrono::milliseconds(0);
  const auto to = writer();
  ASSERT_THAT(to->write({.rows = numbers({1})}), IsOk());
  fail("commit ", ErrorKind::kSystem);
  const auto as_before = IsError(ErrorKind::kSystem, HasSubstr("commit "));
  EXPECT_THAT(to->write({.rows = numbers({2})}), as_before);
  EXPECT_THAT(to->finish(), as_before);
  EXPECT_THAT(memory_.rows(), IsEmpty());
  EXPECT_THAT(memory_.records(), IsEmpty());
}

TEST_F(OneEpoch, CommitsNothingWhereNothingWasWritten) {
  EXPECT_THAT(writer()->finish(), IsOk());
  EXPECT_THAT(log_.calls(), ElementsAre("recover", "forget"));
}

TEST_F(OneEpoch, IsDroppedByAnAbortAndByItsEnd) {
  auto to = writer();
  ASSERT_THAT(to->write({.rows = numbers({1})}), IsOk());
  to->abort();
  EXPECT_THAT(to->finish(), IsError(ErrorKind::kCancelled, HasSubstr("aborted")));
  to = writer();
  ASSERT_THAT(to->write({.rows = numbers({1})}), IsOk());
  to.reset();
  EXPECT_THAT(memory_.rows(), IsEmpty());
  EXPECT_THAT(memory_.records(), IsEmpty());
}

TEST_F(OneEpoch, HasOneSchema) {
  const auto to = writer();
  ASSERT_THAT(to->write({.rows = numbers({})}), IsOk());
  const auto other = numbers({1})->RenameColumns({"m"}).ValueOrDie();
  EXPECT_THAT(to->write({.rows = other}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("other columns")));
}

TEST_F(OneEpoch, ThatFailsLeavesNoRecord) {
  for (const char* call : {"prepare", "commit "}) {
    const auto to = writer();
    ASSERT_THAT(to->write({.rows = numbers({1})}), IsOk());
    fail(call, ErrorKind::kSystem);
    for (int i = 0; i < 2; ++i) {
      EXPECT_THAT(to->finish(), IsError(ErrorKind::kSystem, HasSubstr(call)));
    }
    EXPECT_THAT(memory_.records(), IsEmpty());
  }
}

TEST_F(OneEpoch, WhoseOutcomeIsNotKnownKeepsItsRecord) {
  const auto to = writer();
  ASSERT_THAT(to->write({.rows = numbers({1})}), IsOk());
  fail("committed", ErrorKind::kCommitStateUnknown);
  EXPECT_THAT(to->finish(), IsError(ErrorKind::kCommitStateUnknown, "committed"));
  EXPECT_THAT(log_.calls(), Not(Contains("forget")));
  EXPECT_EQ(memory_.records().size(), 1U);
}

}  // namespace
}  // namespace velo
