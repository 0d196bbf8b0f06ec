#pragma once

#include <memory>

#include "velo/connectors/kafka/options.h"
#include "velo/source.h"

namespace velo::kafka {

/// The messages of a topic as rows.
std::unique_ptr<DataSource> make_kafka_source(KafkaOptions options);

}  // namespace velo::kafka
