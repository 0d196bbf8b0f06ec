#include "velo/connectors/iceberg/pipeline_tag.h"

#include <fmt/format.h>

#include <set>
#include <string_view>

#include "velo/base/parse_number.h"

namespace velo::iceberg {
namespace {

constexpr std::string_view kPrefix = "velo_";

std::string prefix_of(const std::string& pipeline, const std::string& branch) {
  return fmt::format("{}{}.{}.f", kPrefix, pipeline, branch);
}

}  // namespace

std::string tag_name(const std::string& pipeline, const std::string& branch,
                     uint64_t fence) {
  return prefix_of(pipeline, branch) + std::to_string(fence);
}

std::optional<PipelineTag> find_tag(const TableMetadata& metadata,
                                    const std::string& pipeline,
                                    const std::string& branch) {
  const std::string prefix = prefix_of(pipeline, branch);
  std::optional<PipelineTag> newest;
  for (const auto& [name, ref] : metadata.refs) {
    if (ref.is_branch || !name.starts_with(prefix)) continue;
    const auto fence = parse_number<uint64_t>(name.substr(prefix.size()));
    if (!fence) continue;
    if (!newest || *fence > newest->fence) {
      newest = PipelineTag{.fence = *fence, .snapshot_id = ref.snapshot_id};
    }
  }
  return newest;
}

std::vector<std::string> pipelines_with_tags(const TableMetadata& metadata,
                                             const std::string& branch) {
  std::set<std::string> pipelines;
  for (const auto& [name, ref] : metadata.refs) {
    const size_t end = name.find('.');  // no id has one
    if (!name.starts_with(kPrefix) || end == std::string::npos) continue;
    std::string pipeline = name.substr(kPrefix.size(), end - kPrefix.size());
    if (find_tag(metadata, pipeline, branch)) pipelines.insert(std::move(pipeline));
  }
  return {pipelines.begin(), pipelines.end()};
}

}  // namespace velo::iceberg
