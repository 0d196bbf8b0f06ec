#pragma once

/// The two ends of a copy, for the verbs that copy and that say what copying would do.

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "pipeline_arguments.h"
#include "velo/api.h"

namespace velo::cli {

/// One stream, from its source to its sink.
struct CopyPair {
  std::string stream;  ///< its name, where there are several
  std::string from;    ///< without secrets
  std::string to;
  std::unique_ptr<DataSource> source;
  std::unique_ptr<DataSink> sink;
  PipelineIdentity identity;  ///< the same wherever the same is read and written
  RunOptions options;

  /// Whether its rows never end.
  bool goes_on() const { return source->supports_streaming() && !options.once; }
};

struct CopyPairs {
  std::vector<CopyPair> pairs;        ///< one at least
  std::vector<std::string> left_out;  ///< see StreamList
};

/// Open both ends, of each stream of the source. The options are those of velo.toml and
/// of the command line. Errors: those of the addresses and the options, and of asking for
/// the streams.
Result<CopyPairs> open_copies(const std::string& from, const std::string& to,
                              const std::string& config, const PipelineArguments& given,
                              std::stop_token stop);

/// Tell of what was left out.
void warn_of_left_out(const std::vector<std::string>& left_out);

}  // namespace velo::cli
