#pragma once

#include "velo/connector.h"

namespace velo::kafka {

/// Topics of Kafka: messages as rows, rows as messages.
Connector kafka_connector();

}  // namespace velo::kafka
