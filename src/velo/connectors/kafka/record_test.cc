#include "velo/connectors/kafka/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/connectors/kafka/split_reader.h"
namespace velo::kafka {
namespace {

using testing::HasSubstr;

CommitRecord epoch(uint64_t number, bool finished = false) {
  CommitRecord record;
  record.fence = 3;
  record.epoch = number;
  record.incarnation = "1a";
  record.fingerprint = {.source = "file:in", .select = "SELECT *", .schema = "id: int64"};
  record.finished = finished;
  return record;
}

void add(RecordLog& log, const RecordMessage& message) {
  const Status status = log.add(message.first, message.second);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(RecordLog, OfNothingIsNew) {
  const RecordLog log;
  EXPECT_EQ(log.record().fence, 0U);
  EXPECT_TRUE(log.record().incarnation.empty());
  EXPECT_EQ(log.num_lanes(), 0);
  EXPECT_EQ(log.num_rows_of(0), 0);
}

TEST(RecordLog, SaysWhatLanesHaveCommitted) {
  RecordLog log;
  add(log, fence_message(epoch(0), "events", 2));
  add(log, split_message(0, 1, "t/0", {{"\x01\x02"}, false}));
  add(log, lane_message(0, 2, 10, epoch(1)));
  add(log, split_message(1, 1, "t/1", {{"\x05"}, true}));
  add(log, lane_message(1, 2, 7, epoch(1)));
  add(log, lane_message(0, 2, 30, epoch(2)));
  const CommitRecord record = log.record();
  EXPECT_EQ(record.fence, 3U);
  EXPECT_EQ(record.incarnation, "1a");
  EXPECT_EQ(record.epoch, 2U);
  EXPECT_EQ(record.num_rows, 37);
  EXPECT_EQ(record.fingerprint, epoch(1).fingerprint);
  EXPECT_EQ(record.positions,
            (Positions{{"t/0", {{"\x01\x02"}, false}}, {"t/1", {{"\x05"}, true}}}));
  EXPECT_EQ(log.topic(), "events");
  EXPECT_EQ(log.num_lanes(), 2);
  EXPECT_EQ(log.num_rows_of(0), 30);
  EXPECT_EQ(log.num_rows_of(1), 7);
}

TEST(RecordLog, TakesTheLastWordOnASplitThatWentToAnotherLane) {
  RecordLog log;
  add(log, split_message(1, 4, "t/0", {{"\x02"}, false}));
  add(log, split_message(0, 5, "t/0", {{"\x03"}, false}));
  EXPECT_EQ(log.record().positions.at("t/0").position.bytes, "\x03");
}

TEST(RecordLog, HasFinishedWhenAllLanesHave) {
  RecordLog log;
  add(log, lane_message(0, 2, 10, epoch(1)));
  add(log, lane_message(1, 2, 7, epoch(1)));
  add(log, lane_message(0, 2, 10, epoch(2, /*finished=*/true)));
  EXPECT_FALSE(log.record().finished);
  // A process with fewer lanes that got no further says nothing of that.
  add(log, fence_message(epoch(0), "events", 1));
  EXPECT_FALSE(log.record().finished);
  add(log, lane_message(1, 2, 7, epoch(2, /*finished=*/true)));
  EXPECT_TRUE(log.record().finished);
}

TEST(RecordLog, ReadsFieldsThatItDoesNotKnow) {
  RecordLog log;
  EXPECT_TRUE(
      log.add("fence",
              R"({"fence":1,"incarnation":"a","topic":"t","num_lanes":1,"new":{}})")
          .ok());
}

TEST(RecordLog, RefusesWhatVeloHasNotWritten) {
  struct Case {
    const char* key;
    const char* payload;
    const char* words;
  };
  for (const Case& each :
       {Case{"", "{}", "a lane is a number"}, Case{"x/t/0", "{}", "a lane is a number"},
        Case{"-1", "{}", "a lane is a number"}, Case{"fence", "", "'fence' is missing"},
        Case{"fence", R"({"fence":-1})", "'fence' is missing"},
        Case{"fence", R"({"fence":1,"incarnation":"a","topic":"t","num_lanes":-4})",
             "'num_lanes'"},
        Case{"0", R"({"epoch":"1"})", "'epoch' is missing"},
        Case{"0/t/0", R"({"position":"0g","ended":false})", "'position' is missing"},
        Case{"0/t/0", R"({"position":"00"})", "'ended' is missing"}}) {
    SCOPED_TRACE(each.key);
    RecordLog log;
    const Status status = log.add(each.key, each.payload);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(kind_of(status), ErrorKind::kCorruptData);
    EXPECT_THAT(status.message(), HasSubstr(each.words));
  }
}

TEST(KafkaPositions, AreSaidInWords) {
  EXPECT_EQ(describe_position("kafka://b/t", encode_position(1234)), "offset 1234");
  EXPECT_EQ(describe_position("kafka://b/t", {"short"}), "");
}

}  // namespace
}  // namespace velo::kafka
