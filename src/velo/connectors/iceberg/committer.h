#pragma once

#include <memory>

#include "velo/commit.h"
#include "velo/connectors/iceberg/options.h"

namespace velo::iceberg {

/// Commits each epoch as one snapshot, whose summary holds the record. The observer
/// outlives it. The catalog is asked when it is first needed.
std::unique_ptr<Committer> make_committer(const IcebergOptions& options,
                                          const PipelineIdentity& pipeline,
                                          CommitObserver& observer);

}  // namespace velo::iceberg
