#pragma once

/// What sinks keep of pipelines: looking at it, and removing it.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "velo/commit.h"
#include "velo/connector.h"
#include "velo/source.h"

namespace velo {

/// What a sink keeps of a pipeline.
struct PipelineState {
  CommitRecord record;
  /// Why the pipeline cannot go on: kCommitLost …; OK where nothing is known against it.
  Status obstacle;
};

/// Look at a pipeline without disturbing who runs it; nullopt where the sink does not
/// know it. Errors: those of Committer::read_record.
Result<std::optional<PipelineState>> look_at_pipeline(TransactionalSink& sink,
                                                      const PipelineIdentity& pipeline,
                                                      std::stop_token stop = {});

/// Take a pipeline over, which ends who runs it, and remove what `source` keeps for it
/// (nullptr: that is left), then its record. The rows stay; the next run of that name
/// reads again from the beginning. False where the sink does not know the pipeline.
/// Errors: those of the sink and the source; what is left is removed by the next call.
Result<bool> reset_pipeline(TransactionalSink& sink, SplitSource* source,
                            const PipelineIdentity& pipeline, std::stop_token stop = {});

/// The connector of a source by its identity (SplitSource::identity); nullptr where there
/// is none.
const Connector* connector_of_source(std::string_view source,
                                     const Registry& registry = builtin_registry());

/// Say a position in words, where the connector of the source can, else in hexadecimal.
std::string describe_position(std::string_view source, const Position& position,
                              const Registry& registry = builtin_registry());

}  // namespace velo
