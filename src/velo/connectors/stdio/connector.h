#pragma once

#include "velo/connector.h"

namespace velo::stdio {

/// Standard input: `stdin:?format=csv`, or `-` as a source.
Connector stdin_connector();

/// Standard output: `stdout:?format=json`, or `-` as a sink.
Connector stdout_connector();

}  // namespace velo::stdio
