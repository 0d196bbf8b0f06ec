#pragma once

/// Sources and sinks as Arrow streams of the C data interface: what other languages and
/// engines speak.

#include <arrow/c/abi.h>

#include <memory>
#include <stop_token>

#include "velo/error.h"
#include "velo/pipeline.h"
#include "velo/sink.h"
#include "velo/source.h"

namespace velo {

/// Read `source` as an Arrow stream, which owns it from here and which the caller
/// releases. Blocks until the first batch is there. After `stop` its calls fail
/// (kCancelled). Errors: those of the source until its first batch; later ones come out
/// of the stream as an errno and a text. After an error `stream` is as it was.
/// Threads: the stream may be called from any thread, by one at a time.
Status export_stream(std::unique_ptr<DataSource> source, const ReadOptions& options,
                     std::stop_token stop, ArrowArrayStream* stream);

/// Write all of a stream into `sink`. The stream is owned from here: it is called on this
/// thread only, and released in any case. On success every row is visible in the sink;
/// after an error, or when `stop` was requested, nothing is. Errors: those of the stream
/// (its errno and its text) and of the sink; kCancelled.
Result<Progress> write_stream(ArrowArrayStream* stream, DataSink& sink,
                              std::stop_token stop = {});

}  // namespace velo
