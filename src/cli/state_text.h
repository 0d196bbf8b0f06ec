#pragma once

/// What `velo state` says of pipelines.

#include <optional>
#include <string>
#include <vector>

#include "velo/api.h"

namespace velo::cli {

/// A pipeline, and what its sink keeps of it.
struct KeptPipeline {
  std::string name;  ///< as a statement spells it, else its id
  PipelineIdentity pipeline;
  std::string sink;           ///< without secrets
  bool keeps_records = true;  ///< whether such a sink does
  std::optional<PipelineState> state;
};

/// "Not yet committed", "finished" …: in a few words where it stands.
std::string condition_of(const KeptPipeline& pipeline);

/// For people, with a newline at the end.
std::string text_of(const KeptPipeline& pipeline);

/// One object, {"pipelines": […]}, with a newline at the end. Stable: members may be
/// added.
std::string json_of(const std::vector<KeptPipeline>& pipelines);

}  // namespace velo::cli
