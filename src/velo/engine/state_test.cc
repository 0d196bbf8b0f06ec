#include "velo/state.h"

#include <gtest/gtest.h>

#include "velo/engine/moved_places.h"
#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"

namespace velo {
namespace {

using testing::CallLog;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::Memory;
using testing::MemorySink;

const PipelineIdentity kOrders{.id = "orders"};

// Says what it was asked.
class KeepingSource : public SplitSource {
 public:
  explicit KeepingSource(CallLog& log) : log_(log) {}
  std::string identity() const override { return "keeping:x"; }
  Result<std::unique_ptr<SplitDiscovery>> discover() override { return nullptr; }
  Result<std::unique_ptr<SplitReader>> create_split_reader(const ReadOptions&) override {
    return nullptr;
  }
  Status forget(const std::string& reader) override {
    log_.add("forget reader " + reader);
    return answer;
  }
  Status answer;

 private:
  CallLog& log_;
};

class SinkWithoutRecord : public MemorySink {
 public:
  using MemorySink::MemorySink;
  TransactionalSink* transactions() override { return nullptr; }
};

class States : public ::testing::Test {
 protected:
  void begin() {
    CommitObserver nobody;
    const auto committer = sink_.create_committer(kOrders, nobody).ValueOrDie();
    CommitRecord record = committer->recover({}).ValueOrDie();
    record.epoch += 1;
    record.num_rows = 5;
    record.positions["a"] = {{"x"}, true};
    ASSERT_THAT(committer->commit(record, {}), IsOk());
  }

  CallLog log_;
  Memory memory_{log_};
  MemorySink sink_{memory_};
  KeepingSource source_{log_};
};

TEST_F(States, AreLookedAtWithoutAFence) {
  ASSERT_THAT(look_at_pipeline(sink_, kOrders).status(), IsOk());
  EXPECT_FALSE(look_at_pipeline(sink_, kOrders)->has_value());
  begin();
  const auto state = look_at_pipeline(sink_, kOrders).ValueOrDie();
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->record.num_rows, 5);
  EXPECT_EQ(state->record.fence, 1U);
  EXPECT_THAT(state->obstacle, IsOk());
  EXPECT_EQ(memory_.records().at("orders").fence, 1U);
  EXPECT_EQ(log_.count("recover"), 1);
}

TEST_F(States, AreResetSourceFirst) {
  begin();
  EXPECT_TRUE(reset_pipeline(sink_, {.source = &source_}, kOrders).ValueOrDie());
  EXPECT_THAT(log_.calls(),
              ElementsAre("recover", "commit 5 rows of 0 lanes", "committed", "look",
                          "recover", "forget reader orders_09af", "forget"));
  EXPECT_THAT(memory_.records(), IsEmpty());
  EXPECT_FALSE(reset_pipeline(sink_, {.source = &source_}, kOrders).ValueOrDie());
  EXPECT_EQ(log_.count("recover"), 2) << "what is not there is not begun";
}

TEST_F(States, KeepTheRecordOfWhatTheSourceStillHas) {
  begin();
  source_.answer = make_error(ErrorKind::kTransient, {}, "gone for now");
  EXPECT_THAT(reset_pipeline(sink_, {.source = &source_}, kOrders).status(),
              IsError(ErrorKind::kTransient, HasSubstr("gone for now")));
  EXPECT_EQ(memory_.records().size(), 1U);
  source_.answer = Status::OK();
  EXPECT_TRUE(reset_pipeline(sink_, {.source = &source_}, kOrders).ValueOrDie());
}

TEST_F(States, AreResetAlthoughRowsAreLost) {
  begin();
  memory_.on_call = [](const std::string& call, const std::stop_token&) {
    if (call != "recover") return Status::OK();
    return make_error(ErrorKind::kCommitLost, {}, "the table is gone");
  };
  EXPECT_TRUE(reset_pipeline(sink_, {}, kOrders).ValueOrDie());
  EXPECT_THAT(memory_.records(), IsEmpty());
}

TEST_F(States, AreNotForkedWhereSomeLanesAreAhead) {
  testing::Script script;
  script.splits = {{"a", {1, 2, 3}}};
  testing::ScriptedSource source(script, log_);
  CommitRecord other{.pipeline = "orders"};
  other.fingerprint.source = source.identity();
  other.positions["a"] = {{"x"}, false};
  other.ahead["a"] = {{"y"}, false};
  const auto fork = [&] {
    return fork_pipeline(source, sink_, {.id = "also"}, RunOptions(), other);
  };
  EXPECT_THAT(fork(), IsError(ErrorKind::kInvalidArgument,
                              HasSubstr("between the commits of its lanes")));
  EXPECT_THAT(memory_.records(), IsEmpty());
  other.ahead.clear();
  EXPECT_THAT(fork(), IsOk());
  EXPECT_EQ(memory_.records().at("also").positions.size(), 1U);
}

TEST_F(States, OfAStatementAreFoundInEachOfItsSinks) {
  const auto found = [&](bool is_one_of_several) {
    return find_pipeline_of_sink("orders", sink_, "memory:", is_one_of_several)
        .ValueOrDie()
        .id;
  };
  const std::string by_sink = pipeline_of_sink("orders", sink_, "memory:").id;
  EXPECT_EQ(found(false), "orders");
  EXPECT_EQ(found(true), by_sink);
  CommitObserver nobody;
  const auto of_several = sink_.create_committer({.id = by_sink}, nobody).ValueOrDie();
  ASSERT_THAT(of_several->recover({}).status(), IsOk());
  EXPECT_EQ(found(false), by_sink) << "the others were removed since";
  EXPECT_EQ(found(true), by_sink);
  begin();
  EXPECT_EQ(found(false), "orders");
  EXPECT_EQ(found(true), "orders") << "it was the only one";
  EXPECT_EQ(log_.count("recover"), 2) << "nobody is disturbed";
}

TEST_F(States, OfSinksAreTheirOwn) {
  const std::string id = pipeline_of_sink("orders", sink_, "memory:").id;
  EXPECT_THAT(id, ::testing::MatchesRegex("orders_to_[0-9a-f]{8}"));
  EXPECT_EQ(pipeline_of_sink("orders", sink_, "memory:?other=1").id, id)
      << "it is where rows are written that counts";
  EXPECT_NE(pipeline_of_sink("orders2", sink_, "").id.substr(11), id.substr(10));
  const std::string longest(32, 'a');
  EXPECT_EQ(pipeline_of_sink(longest, sink_, "").id.size(), 32U);
  EXPECT_NE(pipeline_of_sink(longest, sink_, "").id,
            pipeline_of_sink(longest.substr(1), sink_, "").id);
}

TEST_F(States, OfSinksWithoutARecordAreToldApart) {
  SinkWithoutRecord nowhere(memory_);
  EXPECT_NE(pipeline_of_sink("orders", nowhere, "null:").id,
            pipeline_of_sink("orders", nowhere, "stdout:").id);
  EXPECT_EQ(find_pipeline_of_sink("orders", nowhere, "null:", false)->id, "orders");
  EXPECT_EQ(find_pipeline_of_sink("orders", nowhere, "null:", true)->id,
            pipeline_of_sink("orders", nowhere, "null:").id);
}

TEST(Positions, AreSaidInWordsOrInHexadecimal) {
  Registry registry;
  registry.add({.scheme = "known",
                .describe_position =
                    [](std::string_view source, const Position& position) {
                      if (position.bytes.empty()) return std::string();
                      return std::string(source) + " at " + position.bytes;
                    },
                .keeps_for_readers = true});
  registry.add({.scheme = "silent"});
  EXPECT_EQ(describe_position("known:/x", {"12"}, registry), "known:/x at 12");
  EXPECT_EQ(describe_position("known:/x", {""}, registry), "the beginning");
  EXPECT_EQ(describe_position("silent:/x", {"12"}, registry), "0x3132");
  EXPECT_EQ(describe_position("", {"12"}, registry), "0x3132");
  engine::MovedPlaces moved;
  moved.add(7);
  moved.add(3);
  EXPECT_EQ(describe_position("dead letters", moved.encode(), registry), "2 moved");
  EXPECT_EQ(describe_position("dead letters", {"12"}, registry), "0x3132");
  EXPECT_TRUE(connector_of_source("known:/x", registry)->keeps_for_readers);
  EXPECT_EQ(connector_of_source("other:/x", registry), nullptr);
}

}  // namespace
}  // namespace velo
