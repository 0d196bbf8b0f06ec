#pragma once

/// Moving rows from a source to a sink.

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>

#include "velo/error.h"
#include "velo/sink.h"
#include "velo/source.h"

namespace velo {

/// How far a copy has come.
struct Progress {
  int64_t num_rows = 0;       ///< written to the sink
  int64_t bytes_written = 0;  ///< see DataWriter::bytes_written
  std::chrono::nanoseconds elapsed{0};
};

struct CopyOptions {
  ReadOptions read;
  /// Most bytes of rows that wait between the reader's thread and the writer.
  int64_t queue_bytes = int64_t{32} << 20;
  /// Called on the writing thread after each batch; must be quick.
  std::function<void(const Progress&)> on_progress;
};

/// Copy all rows of `source` into `sink`, reading on a thread of its own. On success
/// every row is visible in the sink; after an error, or when `stop` was requested,
/// nothing is. Keeps no record of its position: run again, it starts anew. Errors: those
/// of the source and the sink, the first one; kCancelled.
Result<Progress> copy(DataSource& source, DataSink& sink, const CopyOptions& options,
                      std::stop_token stop);

}  // namespace velo
