#include <gtest/gtest.h>

#include "velo/pipeline.h"
#include "velo/testing/matchers.h"

namespace velo {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

TEST(RunOptions, SetHowOftenToCommit) {
  const struct {
    const char* text;
    std::optional<std::chrono::milliseconds> interval;
    int64_t num_bytes;
  } cases[] = {
      {"30s", 30s, int64_t{128} << 20},       {"64MiB", {}, int64_t{64} << 20},
      {"10s, 64MiB", 10s, int64_t{64} << 20}, {"1GB,500 ms", 500ms, 1'000'000'000},
      {"2min", 2min, int64_t{128} << 20},
  };
  for (const auto& one : cases) {
    RunOptions options;
    EXPECT_THAT(options.set("commit_every", one.text), IsOk()) << one.text;
    EXPECT_EQ(options.commit_interval, one.interval) << one.text;
    EXPECT_EQ(options.commit_bytes, one.num_bytes) << one.text;
  }
  for (const char* text : {"", "10s,", ",", "0s", "0", "0B", "-1s", "10", "ten",
                           "10s;1MiB", "10s 1MiB", "1s,2s,x"}) {
    RunOptions options;
    EXPECT_THAT(options.set("commit_every", text),
                IsError(ErrorKind::kInvalidArgument,
                        HasSubstr("commit_every = " + std::string(text) + ": a time")))
        << text;
  }
}

TEST(RunOptions, SetTheGuarantee) {
  RunOptions options;
  EXPECT_THAT(options.set("guarantee", "exactly_once"), IsOk());
  EXPECT_EQ(options.guarantee, Guarantee::kExactlyOnce);
  EXPECT_THAT(options.set("guarantee", "at_least_once"), IsOk());
  EXPECT_EQ(options.guarantee, Guarantee::kAtLeastOnce);
  EXPECT_THAT(options.set("guarantee", "twice"),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("exactly_once or")));
}

TEST(RunOptions, SetForHowLongToTryAgain) {
  RunOptions options;
  EXPECT_EQ(options.retry_for, 5min);
  EXPECT_THAT(options.set("retry_for", "90s"), IsOk());
  EXPECT_EQ(options.retry_for, 90s);
  EXPECT_THAT(options.set("retry_for", "0s"), IsOk());
  EXPECT_EQ(options.retry_for, 0s);
  for (const char* text : {"", "5", "-1s", "long"}) {
    EXPECT_THAT(options.set("retry_for", text),
                IsError(ErrorKind::kInvalidArgument, HasSubstr("a time (5min)")))
        << text;
  }
}

TEST(RunOptions, SetTheNumberOfWriters) {
  RunOptions options;
  EXPECT_THAT(options.set("parallel", "64"), IsOk());
  EXPECT_EQ(options.num_lanes, 64);
  for (const char* text : {"", "0", "-1", "65", "4x", "99999999999"}) {
    EXPECT_THAT(options.set("parallel", text),
                IsError(ErrorKind::kInvalidArgument, HasSubstr("from 1 to 64")))
        << text;
  }
  EXPECT_EQ(options.num_lanes, 64);
}

TEST(RunOptions, SetTheMemory) {
  RunOptions options;
  EXPECT_THAT(options.set("memory", "64MiB"), IsOk());
  EXPECT_EQ(options.memory_bytes, 64 << 20);
  EXPECT_THAT(options.set("memory", "1GB"), IsOk());
  EXPECT_THAT(options.set("max_record_bytes", "128KiB"), IsOk());
  EXPECT_EQ(options.max_record_bytes, 131'072);
  EXPECT_THAT(options.set("max_record_bytes", "0"),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("a size (64MiB)")));
  EXPECT_EQ(options.memory_bytes, 1'000'000'000);
  for (const char* text : {"", "0", "-1MiB", "64 parsecs", "9999999TiB"}) {
    EXPECT_THAT(options.set("memory", text),
                IsError(ErrorKind::kInvalidArgument, HasSubstr("a size (256MiB)")))
        << text;
  }
}

TEST(RunOptions, SetWhatIsRead) {
  RunOptions options;
  EXPECT_TRUE(options.range.is_whole());
  EXPECT_THAT(options.set("from", "2026-01-31T12:00:00Z"), IsOk());
  EXPECT_THAT(options.set("until", "latest"), IsOk());
  EXPECT_EQ(to_string(options.range), "from 2026-01-31T12:00:00Z until latest");
  for (const char* name : {"from", "until"}) {
    EXPECT_THAT(options.set(name, ""),
                IsError(ErrorKind::kInvalidArgument, HasSubstr("is expected")));
  }
}

TEST(RunOptions, SetTheLimit) {
  RunOptions options;
  EXPECT_THAT(options.set("limit", "0"), IsOk());
  EXPECT_EQ(options.limit, 0);
  for (const char* text : {"", "-1", "1.5", "many", "9223372036854775808"}) {
    EXPECT_THAT(options.set("limit", text),
                IsError(ErrorKind::kInvalidArgument, HasSubstr("a whole number of rows")))
        << text;
  }
}

TEST(RunOptions, SetWhatBecomesOfBadRecords) {
  RunOptions options;
  EXPECT_THAT(options.set("on_error", "skip"), IsOk());
  EXPECT_EQ(options.on_error, OnError::kSkip);
  EXPECT_THAT(options.set("on_error", "file:bad/?format=json"), IsOk());
  EXPECT_EQ(options.on_error, OnError::kKeep);
  EXPECT_EQ(options.dead_letter_address, "file:bad/?format=json");
  EXPECT_THAT(options.set("on_error", "fail"), IsOk());
  EXPECT_EQ(options.on_error, OnError::kFail);
  EXPECT_EQ(options.dead_letter_address, "");
  EXPECT_THAT(options.set("on_error", "skipp"),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("fail, skip or the")));
}

TEST(RunOptions, TakeWhatBecomesOfChangedFiles) {
  RunOptions options;
  EXPECT_THAT(options.set("on_changed", "reread"), IsOk());
  EXPECT_EQ(options.read.on_changed, OnChanged::kReread);
  EXPECT_THAT(options.set("on_changed", "ignore"), IsOk());
  EXPECT_EQ(options.read.on_changed, OnChanged::kIgnore);
  EXPECT_THAT(options.set("on_changed", "fail"), IsOk());
  EXPECT_EQ(options.read.on_changed, OnChanged::kFail);
  EXPECT_THAT(options.set("on_changed", "again"),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("fail, reread or ignore")));
}

TEST(RunOptions, SayWhatBecomesOfOtherColumns) {
  RunOptions options;
  EXPECT_EQ(options.on_schema_change, OnSchemaChange::kFail);
  for (const auto& [word, meaning] : {std::pair("evolve", OnSchemaChange::kEvolve),
                                      std::pair("freeze", OnSchemaChange::kFreeze),
                                      std::pair("fail", OnSchemaChange::kFail)}) {
    EXPECT_THAT(options.set("on_schema_change", word), IsOk());
    EXPECT_EQ(options.on_schema_change, meaning);
  }
  EXPECT_THAT(options.set("on_schema_change", "evolv"),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("evolve, freeze or fail")));
}

TEST(RunOptions, SayWhatDoesNotWorkYet) {
  RunOptions options;
  EXPECT_THAT(options.set("once", "true"), IsOk());
}

TEST(RunOptions, NameTheNearestOfAnUnknownOne) {
  RunOptions options;
  EXPECT_THAT(options.set("comit_every", "1s"),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("did you mean "
                                                             "'commit_every'?")));
  EXPECT_THAT(
      options.set("zzzzzzzz", "1s"),
      IsError(ErrorKind::kInvalidArgument, "there is no pipeline option 'zzzzzzzz'"));
}

}  // namespace
}  // namespace velo
