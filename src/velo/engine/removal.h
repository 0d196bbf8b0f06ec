#pragma once

/// Removing what is kept of a pipeline.

#include <stop_token>

#include "velo/commit.h"
#include "velo/error.h"
#include "velo/sink.h"
#include "velo/state.h"

namespace velo::engine {

/// What is to be removed.
struct Removal {
  PipelineIdentity pipeline;
  KeptElsewhere kept;
};

/// As reset_pipeline().
Result<bool> remove_pipeline(TransactionalSink& sink, const Removal& removal,
                             const std::stop_token& stop);

/// Whether the sink has lost rows, or a part of a record: that is no reason to keep the
/// rest of it.
bool is_loss(const Status& status);

}  // namespace velo::engine
