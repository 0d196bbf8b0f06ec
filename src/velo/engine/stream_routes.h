#pragma once

#include <vector>

#include "velo/streams.h"

namespace velo::engine {

/// route_streams() of streams that are known already, for one of several sinks.
Result<std::vector<StreamRoute>> route_known_streams(const Uri& source,
                                                     const std::vector<Stream>& streams,
                                                     const Uri& sink,
                                                     const Registry& registry);

}  // namespace velo::engine
