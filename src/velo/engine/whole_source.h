#pragma once

/// A source that can only be read from its beginning, seen as one split.

#include <memory>

#include "velo/source.h"

namespace velo::engine {

/// The split's batches have no position. The source outlives what this returns.
std::unique_ptr<SplitSource> whole_source(DataSource& source);

}  // namespace velo::engine
