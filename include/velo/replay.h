#pragma once

/// Bad records that were kept (RunOptions::dead_letters), given another try.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/connector.h"
#include "velo/error.h"
#include "velo/sink.h"
#include "velo/source.h"
#include "velo/uri.h"

namespace velo {

/// Which dead letters are read, and what their records are.
struct ReplayOptions {
  /// "csv" or "json"; without it what the name of the file says that a record came from,
  /// else JSON.
  std::optional<std::string> format;
  /// As `schema=` of the source: the columns of a record, all of a CSV record's, in their
  /// order. Without it, of JSON, those that the pipeline's rows had; a field beside them
  /// leaves its record bad.
  std::optional<std::string> schema;
  std::optional<std::string> delimiter;  ///< of CSV
  /// Those of the columns that are written; without it the pipeline's.
  std::optional<std::vector<std::string>> columns;
  std::optional<std::string> pipeline;  ///< of this one alone, by its name or id
  std::optional<std::string> since;     ///< found then or later: "2026-01-31T12:00:00Z"
};

/// Open what a sink for bad records was given as a source: the records that are good now
/// are its rows, the others bad records. It has splits, and its positions say which
/// records have become rows, wherever their letters are kept: a pipeline that has moved
/// them finds what is new, and what was bad still. All of it is one epoch.
/// Errors: kInvalidArgument for options that cannot be meant; those of the source.
Result<std::unique_ptr<DataSource>> replay_source(const Uri& dead_letters,
                                                  ReplayOptions options,
                                                  const Registry& registry);

/// Who replays into a sink: the same, whatever is replayed. Errors: kInvalidArgument
/// where the sink keeps no record, or replaces what is there; those of reaching it.
Result<PipelineIdentity> replay_pipeline(DataSink& sink);

}  // namespace velo
