#pragma once

/// Moving rows from a source to a sink.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "velo/connector.h"
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

/// A named way from a SELECT to a sink, to be run once: move-only.
///
/// It keeps no record of its position yet: run() moves all rows of the sources again each
/// time, at least once. The name will be what the record is kept by.
/// Threads: thread-compatible.
class Pipeline {
 public:
  /// Plan the SELECT, open the sink and check that the rows fit it. Nothing is written.
  /// Errors: kInvalidArgument for SQL (with the line and a caret) or an address that
  /// cannot be meant; those of the sources and the sink.
  static Result<Pipeline> make(std::string name, std::string_view select,
                               std::string_view sink_uri,
                               const Registry& registry = builtin_registry());
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;

  const std::string& name() const;

  /// Move all rows. After success they are visible in the sink; after an error, or when
  /// `stop` was requested, none is. Errors: those of the sources and the sink;
  /// kCancelled.
  Status run(std::stop_token stop);

  /// What the last run() did.
  const Progress& progress() const;

 private:
  class State;
  explicit Pipeline(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace velo
