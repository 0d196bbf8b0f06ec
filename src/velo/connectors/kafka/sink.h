#pragma once

#include <memory>

#include "velo/connectors/kafka/options.h"
#include "velo/sink.h"

namespace velo::kafka {

/// Messages of a topic, in transactions that hold the pipeline's record too.
std::unique_ptr<DataSink> make_kafka_sink(KafkaOptions options);

}  // namespace velo::kafka
