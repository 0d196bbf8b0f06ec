#pragma once

#include "velo/connector.h"

namespace velo::clickhouse {

Connector clickhouse_connector();

}  // namespace velo::clickhouse
