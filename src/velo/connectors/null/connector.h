#pragma once

#include "velo/connector.h"

namespace velo::null {

/// Nowhere: `null:` takes every row and keeps none.
Connector null_connector();

}  // namespace velo::null
