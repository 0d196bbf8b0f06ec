#pragma once

#include <cstdint>
#include <memory>

#include "velo/source.h"

namespace velo::engine {

/// The first rows of `source`, as many as come first: it ends there, also where the
/// source goes on, and is read as a whole.
std::unique_ptr<DataSource> limit_rows(std::shared_ptr<DataSource> source, int64_t limit);

}  // namespace velo::engine
