#pragma once

#include "velo/connector.h"

namespace velo::file {

/// Files of this machine: `file:///data/orders.csv`, or a path without a scheme.
Connector file_connector();

}  // namespace velo::file
