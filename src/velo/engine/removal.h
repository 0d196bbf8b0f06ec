#pragma once

/// Removing what is kept of a pipeline.

#include <functional>
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
  /// Asked with the record as it stands, before that is taken over: what it answers ends
  /// the removal. Where nothing is kept its fence is 0. Whoever takes the pipeline over
  /// between this and the removal is ended, and the record stays: kFenced. May be empty.
  std::function<Status(const CommitRecord&)> may_go = {};
};

/// As reset_pipeline().
Result<bool> remove_pipeline(TransactionalSink& sink, const Removal& removal,
                             const std::stop_token& stop);

/// Whether the sink has lost rows, or a part of a record: that is no reason to keep the
/// rest of it.
bool is_loss(const Status& status);

}  // namespace velo::engine
