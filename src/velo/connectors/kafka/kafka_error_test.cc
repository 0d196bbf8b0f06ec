#include "velo/connectors/kafka/kafka_error.h"

#include <gtest/gtest.h>

namespace velo::kafka {
namespace {

TEST(KafkaError, HasAKind) {
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART),
            ErrorKind::kNotFound);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS),
            ErrorKind::kAlreadyExists);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED),
            ErrorKind::kUnauthenticated);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
            ErrorKind::kPermissionDenied);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR__FENCED), ErrorKind::kFenced);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH),
            ErrorKind::kFenced);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET),
            ErrorKind::kPositionLost);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR__BAD_MSG), ErrorKind::kCorruptData);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE),
            ErrorKind::kSchemaMismatch);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR),
            ErrorKind::kInvalidArgument);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED),
            ErrorKind::kThrottled);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR__TRANSPORT), ErrorKind::kTransient);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR__TIMED_OUT), ErrorKind::kTransient);
  EXPECT_EQ(classify_kafka_error(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION),
            ErrorKind::kTransient);
}

}  // namespace
}  // namespace velo::kafka
