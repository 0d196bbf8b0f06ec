#pragma once

/// A pipeline that lives through the failures that pass.

#include <memory>
#include <stop_token>

#include "velo/base/clock.h"
#include "velo/pipeline.h"

namespace velo::engine {

/// See velo::run, for a sink that keeps a record. `schema` is that of the rows. All
/// references outlive the call.
Result<Progress> run_with_retries(DataSource& source, TransactionalSink& sink,
                                  const PipelineIdentity& pipeline,
                                  const RunOptions& options,
                                  std::shared_ptr<arrow::Schema> schema, Clock& clock,
                                  const std::stop_token& stop);

}  // namespace velo::engine
