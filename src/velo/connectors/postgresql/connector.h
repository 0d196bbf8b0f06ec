#pragma once

#include "velo/connector.h"

namespace velo::postgresql {

Connector postgresql_connector();

}  // namespace velo::postgresql
