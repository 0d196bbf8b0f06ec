#pragma once

/// How the memory of one pipeline is divided (RunOptions::memory_bytes).

#include <cstdint>

#include "velo/pipeline.h"

namespace velo::engine {

/// What each may hold. An eighth of the whole is nobody's: batches are on their way
/// between these.
struct MemoryShares {
  int64_t reader_bytes = 0;       ///< of each reader
  int64_t feed_queue_bytes = 0;   ///< of rows that were read
  int64_t lane_queue_bytes = 0;   ///< of rows before each writer
  int64_t writer_bytes = 0;       ///< of each writer
  int64_t dead_letter_bytes = 0;  ///< of the writer of bad records

  /// Divide what a pipeline of so many writers has. Errors: kInvalidArgument where that
  /// is less than its readers and writers need.
  static Result<MemoryShares> of(const RunOptions& options, int num_lanes);
};

/// All that a pipeline with these options may hold.
int64_t memory_of(const RunOptions& options);

/// The least that it needs.
int64_t least_memory_of(const RunOptions& options);

}  // namespace velo::engine
