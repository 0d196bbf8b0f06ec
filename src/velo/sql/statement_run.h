#pragma once

/// A statement that moves rows.

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "velo/pipeline.h"
#include "velo/sql.h"
#include "velo/sql/statement.h"

namespace velo::sql {

/// A statement without a name is the same run where it reads, selects and writes the
/// same. `address` is told of a sink that keeps no record.
PipelineIdentity identity_of_run(const Statement& statement, const RunOptions& options,
                                 DataSource& source, DataSink& sink,
                                 const std::string& address);

/// A way from a statement's SELECT to one of its sinks, both open. Threads:
/// thread-compatible; made on one and run on another.
struct StatementRun {
  std::unique_ptr<DataSource> source;
  std::shared_ptr<DataSink> sink;
  std::string name;                ///< of the statement, in lower case; empty for none
  bool is_one_of_several = false;  ///< that read the same and write elsewhere
  PipelineIdentity pipeline;       ///< where there is a name: once that was found
  RunOptions options;
  /// Why it cannot run, where others of its statement can: then there is no source.
  Status obstacle;
  /// How the rows come about, see steps_of(); where that was asked for.
  std::vector<std::pair<std::string, std::string>> steps;
  StatementResult result;  ///< what is known of it, and what was done

  /// Whether its rows never end.
  bool goes_on() const { return source && source->supports_streaming() && !options.once; }

  /// Ask the sink which pipeline of its name this is. Errors: those of
  /// find_pipeline_of_sink().
  Status find_pipeline(const std::stop_token& stop);

  /// Move the rows. Errors: those of velo::run; kCancelled says what became of them.
  Status move_rows(const ExecuteOptions& execute, const std::stop_token& stop);
};

}  // namespace velo::sql
