#pragma once

#include <memory>

#include "velo/commit.h"
#include "velo/connectors/clickhouse/options.h"

namespace velo::clickhouse {

/// Commits by counting: an intent, rows tagged with pipeline and attempt, a done row.
/// The references outlive it. It adds the two hidden columns where the table has none.
Result<std::unique_ptr<Committer>> make_committer(const ClickhouseOptions& options,
                                                  const PipelineIdentity& pipeline,
                                                  CommitObserver& observer);

}  // namespace velo::clickhouse
