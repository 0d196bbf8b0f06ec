#include "velo/connectors/kafka/json_messages.h"

#include <arrow/array.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace velo::kafka {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kRows = formats::Envelope::kNone;

formats::DecodeOptions with_id() {
  return {.schema = arrow::schema({arrow::field("id", arrow::int64())}),
          .columns = std::nullopt};
}

// The messages begin at offset 10.
Result<int64_t> count_rows(const std::vector<std::string>& payloads) {
  JsonMessages messages("topic: partition 3");
  int64_t offset = 10;
  for (const std::string& payload : payloads) {
    ARROW_RETURN_NOT_OK(messages.append(offset++, payload));
  }
  ARROW_ASSIGN_OR_RAISE(const auto decoded, messages.decode(with_id()));
  EXPECT_EQ(messages.num_messages(), 0);
  int64_t num_rows = 0;
  for (const auto& batch : decoded.batches) num_rows += batch->num_rows();
  EXPECT_EQ(std::ssize(decoded.offsets), num_rows);
  return num_rows;
}

TEST(JsonMessages, AreARowEach) {
  EXPECT_EQ(*count_rows({R"({"id":1})", " {\"id\":\n2}\n", "{}", R"({"id":null})"}), 4);
}

TEST(JsonMessages, MayFillSeveralBatches) {
  const std::string large = R"({"id":1,"text":")" + std::string(300'000, 'x') + "\"}";
  EXPECT_EQ(*count_rows(std::vector<std::string>(20, large)), 20);
}

TEST(JsonMessages, AtFaultAreNamedByTheirOffset) {
  struct Case {
    std::vector<std::string> payloads;
    const char* begin;
    const char* words;
  };
  const Case cases[] = {
      {{"{}", "x"}, "topic: partition 3, offset 11: ", "no JSON object: x"},
      {{"{}", "\x01\xFF{"}, "topic: partition 3, offset 11: ", "no JSON object: ??{"},
      {{"{}", " "}, "topic: partition 3, offset 11: ", "is empty"},
      {{"{}", "{} {}"}, "topic: partition 3, offset 11: ", "holds 2 JSON objects"},
      {{"{}", "{}", "{\"id\":x}"}, "topic: partition 3, offset 12: line 1, byte 6", ""},
      {{"{}", R"({"id":"a"})"},
       "topic: partition 3, offset 11: ",
       "column 'id' is int64"},
      // Two halves of one object, and of one text.
      {{R"({"id":1,"x":{})", R"({"y":1}})"}, "topic: partition 3, offset 10: ", ""},
      {{R"({"x":"})", R"({"})"}, "topic: partition 3, offset 10: ", ""},
      {{R"({"x":[{})", R"({}]})"}, "topic: partition 3, offset 10: ", ""},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.payloads.back());
    const auto rows = count_rows(each.payloads);
    ASSERT_FALSE(rows.ok());
    EXPECT_THAT(rows.status().message(), StartsWith(each.begin));
    EXPECT_THAT(rows.status().message(), HasSubstr(each.words));
  }
}

TEST(JsonMessages, WithoutPayloadAreNone) {
  JsonMessages messages("topic: partition 3");
  const Status status = messages.append(4, std::nullopt);
  EXPECT_EQ(kind_of(status), ErrorKind::kCorruptData);
  EXPECT_THAT(status.message(), HasSubstr("offset 4: the message has no payload"));
}

TEST(JsonMessages, MayBeChangesAsDebeziumWritesThem) {
  JsonMessages messages("topic: partition 3");
  formats::DecodeOptions options = with_id();
  options.envelope = formats::Envelope::kDebezium;
  const char* const good = R"({"before":{"id":1},"after":null,"op":"d"})";
  ASSERT_TRUE(messages.append(7, good).ok());
  ASSERT_TRUE(messages.append(8, R"({"id":1})").ok());
  ASSERT_TRUE(messages.append(9, R"({"payload":{"after":{"id":2},"op":"r"}})").ok());
  const auto bad = messages.take_bad(options);
  ASSERT_TRUE(bad.ok()) << bad.status();
  ASSERT_EQ(bad->size(), 1);
  EXPECT_EQ(bad->front().offset, 8);
  EXPECT_THAT(bad->front().record.error.message(),
              HasSubstr("topic: partition 3, offset 8"));
  const auto rows = messages.decode(options);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->batches.size(), 1);
  EXPECT_EQ(rows->batches[0]->GetColumnByName("_op")->ToString(),
            "[\n  \"d\",\n  \"r\"\n]");
  EXPECT_EQ(rows->offsets, (std::vector<int64_t>{7, 9}));
  std::map<int32_t, JsonMessages> sample;
  ASSERT_TRUE(sample.try_emplace(0, "topic").first->second.append(0, good).ok());
  const auto schema =
      JsonMessages::infer_schema(sample, options.envelope, /*keeps_bad=*/false);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->field_names(),
            (std::vector<std::string>{"id", "_op", "_ts", "_position", "_unset"}));
}

// Tombstones that were wrapped up, and messages of logical decoding.
TEST(JsonMessages, ThatAreNoChangesAreLeftOut) {
  formats::DecodeOptions options = with_id();
  options.envelope = formats::Envelope::kDebezium;
  const char* const none[] = {R"({"schema":null,"payload":null})",
                              R"({"op":"m","message":{"prefix":"x"}})"};
  JsonMessages messages("topic: partition 3");
  ASSERT_TRUE(messages.append(4, none[0]).ok());
  ASSERT_TRUE(messages.append(5, R"({"after":{"id":1},"op":"c"})").ok());
  ASSERT_TRUE(messages.append(6, none[1]).ok());
  ASSERT_TRUE(messages.append(7, R"({"after":{"id":2},"op":"c"})").ok());
  ASSERT_TRUE(messages.append(8, none[0]).ok());
  const auto rows = messages.decode(options);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->offsets, (std::vector<int64_t>{5, 7}));
  EXPECT_EQ(rows->batches.at(0)->num_rows(), 2);
  for (const char* one : none) ASSERT_TRUE(messages.append(9, one).ok());
  const auto nothing = messages.decode(options);
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_TRUE(nothing->offsets.empty());
  EXPECT_EQ(messages.num_messages(), 0);
}

TEST(JsonMessages, SayWhatTheColumnsAre) {
  std::map<int32_t, JsonMessages> sample;
  for (int32_t partition = 0; partition < 2; ++partition) {
    auto& messages =
        sample.try_emplace(partition, "topic: partition " + std::to_string(partition))
            .first->second;
    ASSERT_TRUE(
        messages.append(0, partition == 0 ? R"({"a":1})" : R"({"a":1.5,"b":""})").ok());
  }
  const auto schema = JsonMessages::infer_schema(sample, kRows, /*keeps_bad=*/false);
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ((*schema)->ToString(), "a: double\nb: string");
  ASSERT_TRUE(sample.at(1).append(1, "{1}").ok());
  const auto failed = JsonMessages::infer_schema(sample, kRows, /*keeps_bad=*/false);
  EXPECT_THAT(failed.status().message(), StartsWith("topic: partition 1, offset 1: "));
  const auto kept = JsonMessages::infer_schema(sample, kRows, /*keeps_bad=*/true);
  ASSERT_TRUE(kept.ok()) << kept.status().ToString();
  EXPECT_EQ((*kept)->ToString(), "a: double\nb: string");
}

TEST(JsonMessages, CanBeTakenOutWhereTheyAreBad) {
  JsonMessages messages("topic: partition 3");
  const std::vector<std::string> payloads = {
      R"({"id":1})", R"({"id":"a"})",     "{} {}",       " {\"id\":\n2}\n",
      R"({"id":})",  R"({"id":1,"x":{})", R"({"y":1}})", R"({"id":3})"};
  int64_t offset = 10;
  for (const std::string& payload : payloads) {
    ASSERT_TRUE(messages.append(offset++, payload).ok());
  }
  const auto bad = messages.take_bad(with_id());
  ASSERT_TRUE(bad.ok()) << bad.status().ToString();
  ASSERT_EQ(bad->size(), 5U);
  for (const BadMessage& one : *bad) {
    EXPECT_EQ(one.record.bytes, payloads[static_cast<size_t>(one.offset - 10)]);
    EXPECT_THAT(one.record.error.message(),
                StartsWith(fmt::format("topic: partition 3, offset {}: ", one.offset)));
  }
  const auto decoded = messages.decode(with_id());
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(decoded->batches.at(0)->num_rows(), 3);
  EXPECT_EQ(decoded->offsets, (std::vector<int64_t>{10, 13, 17}));
}

}  // namespace
}  // namespace velo::kafka
