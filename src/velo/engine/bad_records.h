#pragma once

/// Records that are no rows, on their way through a pipeline.

#include <cstdint>

#include "velo/event.h"
#include "velo/pipeline.h"

namespace velo::engine {

/// Count those that came with a batch.
void count_bad_records(const Batch& batch, Progress& progress);

/// What a batch takes in a queue.
int64_t bytes_of(const Batch& batch);

}  // namespace velo::engine
