#include "velo/engine/memory_shares.h"

#include <fmt/format.h>

#include <algorithm>

namespace velo::engine {

int64_t memory_of(const RunOptions& options) {
  return options.memory_bytes.value_or(
      std::max(kDefaultMemoryBytes, least_memory_of(options)));
}

int64_t least_memory_of(const RunOptions& options) {
  return std::max(options.num_lanes, 2) * kLeastMemoryBytesPerLane;
}

Result<MemoryShares> MemoryShares::of(const RunOptions& options, int num_lanes) {
  const int64_t all = memory_of(options);
  const int64_t least = least_memory_of(options);
  if (all < least) {
    return make_error(
        ErrorKind::kInvalidArgument, {},
        fmt::format("memory: {} bytes are too few; with parallel = {} it takes {}MiB at "
                    "least",
                    all, options.num_lanes, least >> 20));
  }
  const int64_t queues = options.queue_bytes.value_or(all / 8);
  return MemoryShares{.reader_bytes = all / 4 / std::max(options.num_lanes, 1),
                      .feed_queue_bytes = queues / 2,
                      .lane_queue_bytes = queues / 2 / num_lanes,
                      .writer_bytes = all / 2 / num_lanes,
                      .dead_letter_bytes = all / 16};
}

}  // namespace velo::engine
