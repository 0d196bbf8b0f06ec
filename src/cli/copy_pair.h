#pragma once

/// The two ends of a copy, for the verbs that copy and that say what copying would do.

#include <memory>
#include <string>

#include "pipeline_arguments.h"
#include "velo/api.h"

namespace velo::cli {

struct CopyPair {
  std::string from;  ///< without secrets
  std::string to;
  std::unique_ptr<DataSource> source;
  std::unique_ptr<DataSink> sink;
  PipelineIdentity identity;  ///< the same wherever the same is read and written
  RunOptions options;
};

/// Open both. The options are those of velo.toml and of the command line. Errors: those
/// of the addresses and the options.
Result<CopyPair> open_copy(const std::string& from, const std::string& to,
                           const std::string& config, const PipelineArguments& given);

}  // namespace velo::cli
