#pragma once

/// The tag that fences a pipeline's processes: "velo_PIPELINE.BRANCH.fNUMBER". It names
/// the snapshot that the pipeline has committed last, or that it began with, and is
/// asserted and moved in every commit.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "velo/connectors/iceberg/table_metadata.h"

namespace velo::iceberg {

struct PipelineTag {
  uint64_t fence = 0;
  int64_t snapshot_id = 0;
};

std::string tag_name(const std::string& pipeline, const std::string& branch,
                     uint64_t fence);

/// The tag of the highest fence; nullopt where there is none.
std::optional<PipelineTag> find_tag(const TableMetadata& metadata,
                                    const std::string& pipeline,
                                    const std::string& branch);

/// The pipelines that have a tag for a branch, in their order.
std::vector<std::string> pipelines_with_tags(const TableMetadata& metadata,
                                             const std::string& branch);

}  // namespace velo::iceberg
