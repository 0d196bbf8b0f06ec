#pragma once

#include "velo/connector.h"

namespace velo::generate {

/// Tables of made-up rows: `generate://orders?rows=1000000&seed=1`.
Connector generate_connector();

}  // namespace velo::generate
