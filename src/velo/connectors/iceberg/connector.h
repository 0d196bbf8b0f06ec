#pragma once

#include "velo/connector.h"

namespace velo::iceberg {

Connector iceberg_connector();

}  // namespace velo::iceberg
