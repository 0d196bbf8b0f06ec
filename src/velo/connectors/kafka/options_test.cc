#include "velo/connectors/kafka/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace velo::kafka {
namespace {

using testing::HasSubstr;

Result<KafkaOptions> options_of(std::string_view uri,
                                OptionUse use = OptionUse::kSource) {
  ARROW_ASSIGN_OR_RAISE(const Uri parsed, parse_uri(uri));
  return KafkaOptions::from_uri(parsed, use);
}

TEST(KafkaOptions, Say) {
  const auto options = options_of(
      "kafka://one,two:19092,[::1]:7/"
      "events?group_id=g&offset=latest&batch_size=10&schema="
      "id int64");
  ASSERT_TRUE(options.ok()) << options.status().ToString();
  EXPECT_EQ(options->brokers, "one:9092,two:19092,[::1]:7");
  EXPECT_EQ(options->topic, "events");
  EXPECT_EQ(options->group_id, "g");
  EXPECT_EQ(options->first_offset, FirstOffset::kLatest);
  EXPECT_EQ(options->batch_rows, 10);
  EXPECT_EQ(options->schema->ToString(), "id: int64");
  EXPECT_EQ(options->identity, "kafka://one,two:19092,[::1]:7/events?offset=latest");
}

TEST(KafkaOptions, OfASink) {
  const auto options = options_of(
      "kafka://one/events?partitions=3&transaction_timeout=2min", OptionUse::kSink);
  ASSERT_TRUE(options.ok()) << options.status().ToString();
  EXPECT_EQ(options->num_partitions, 3);
  EXPECT_EQ(options->transaction_timeout, std::chrono::minutes(2));
  EXPECT_EQ(options->identity, "kafka://one/events");
}

TEST(KafkaOptions, AreRefused) {
  struct Case {
    const char* uri;
    OptionUse use;
    ErrorKind kind;
    const char* words;
  };
  constexpr auto kSource = OptionUse::kSource;
  constexpr auto kSink = OptionUse::kSink;
  constexpr auto kInvalid = ErrorKind::kInvalidArgument;
  constexpr auto kNotYet = ErrorKind::kNotImplemented;
  for (const Case& each :
       {Case{"kafka://one", kSource, kInvalid, "which topic?"},
        Case{"kafka://one/a/b", kSource, kInvalid, "'a/b' cannot be a topic"},
        Case{"kafka://one/..", kSource, kInvalid, "'..' cannot be a topic"},
        Case{"kafka://one/a?batch_size=0", kSource, kInvalid, "batch_size"},
        Case{"kafka://one/a?partitions=0", kSink, kInvalid, "partitions"},
        Case{"kafka://one/a?transaction_timeout=1h", kSink, kInvalid, "to 15min"},
        Case{"kafka://one/a?format=avro", kSink, kNotYet, "format=avro"},
        Case{"kafka://one/a?security_protocol=sasl_ssl", kSink, kNotYet, "SASL_SSL"},
        Case{"kafka://me@one/a", kSource, kNotYet, "SASL"},
        Case{"kafka://one/a?offset=2026-01-01", kSource, kNotYet, "offset=2026-01-01"},
        Case{"kafka://one/a?schema_registry=x", kSource, kNotYet, "schema_registry"}}) {
    SCOPED_TRACE(each.uri);
    const auto options = options_of(each.uri, each.use);
    ASSERT_FALSE(options.ok());
    EXPECT_EQ(kind_of(options.status()), each.kind);
    EXPECT_THAT(options.status().message(), HasSubstr(each.words));
  }
}

}  // namespace
}  // namespace velo::kafka
