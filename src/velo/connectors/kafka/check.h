#pragma once

/// What `velo check` tries at a cluster.

#include <stop_token>

#include "velo/check.h"
#include "velo/connectors/kafka/options.h"

namespace velo::kafka {

/// What a librdkafka of this version (rd_kafka_version) lacks that users of Kafka know;
/// empty where nothing.
std::string lacks_of_library(int version);

/// That the topic is there and its messages are given out.
void check_reading(const KafkaOptions& options, CheckReport& report,
                   const std::stop_token& stop);

/// That the topic is there or may be made, and so may the record's, and that
/// transactions are open to us. Writes no message: that would leave a mark. The broker
/// keeps the transactional id that it is asked with, without a transaction, until
/// transactional.id.expiration.ms.
void check_writing(const KafkaOptions& options, CheckReport& report,
                   const std::stop_token& stop);

}  // namespace velo::kafka
