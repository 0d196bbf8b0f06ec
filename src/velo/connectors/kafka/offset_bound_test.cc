#include "velo/connectors/kafka/offset_bound.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo::kafka {
namespace {

using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

class OffsetBounds : public ::testing::Test {
 protected:
  std::optional<int64_t> find(const char* text, int32_t partition) {
    const OffsetBound bound = *OffsetBound::parse("from", text);
    return *bound.find(*client_, "events", partition, {.begin = 10, .end = 20});
  }

  // Not connected: of offsets and words nobody is asked.
  std::unique_ptr<Client> client_ =
      Client::open_control({.brokers = "127.0.0.1:1"}).ValueOrDie();
};

TEST_F(OffsetBounds, AreWordsAndOffsets) {
  EXPECT_EQ(find("", 0), std::nullopt);
  EXPECT_EQ(find("earliest", 0), 10);
  EXPECT_EQ(find("latest", 0), 20);
  EXPECT_EQ(find("0", 0), 0);
  EXPECT_EQ(find("9223372036854775807", 3), 9223372036854775807);
  EXPECT_EQ(find("0:12,7:15", 0), 12);
  EXPECT_EQ(find("0:12,7:15", 7), 15);
  EXPECT_EQ(find("0:12,7:15", 1), std::nullopt);
}

TEST_F(OffsetBounds, RefusePartitionsThatAreNotThere) {
  const OffsetBound bound = *OffsetBound::parse("from", "0:12,7:15");
  EXPECT_THAT(bound.check_partitions("events", {0, 1, 7}), IsOk());
  EXPECT_THAT(bound.check_partitions("events", {0, 1}),
              IsError(ErrorKind::kInvalidArgument,
                      HasSubstr("from = 0:12,7:15: topic 'events' has no partition 7; "
                                "it has 2, from 0 on")));
  EXPECT_THAT(OffsetBound::parse("until", "12")->check_partitions("events", {0}), IsOk());
}

TEST_F(OffsetBounds, RefuseWhatIsNone) {
  EXPECT_THAT(OffsetBound::parse("until", "2026-01-31T12:00:00Z"), IsOk());
  for (const char* text : {"-1", "Earliest", "1,2", "0:", ":1", "0:1,", "0:1,0:2", "0:-1",
                           "-1:0", "9223372036854775808", "2026-13-01", "1.5"}) {
    EXPECT_THAT(OffsetBound::parse("until", text),
                IsError(ErrorKind::kInvalidArgument,
                        HasSubstr("until = " + std::string(text) + ": earliest, latest")))
        << text;
  }
}

}  // namespace
}  // namespace velo::kafka
