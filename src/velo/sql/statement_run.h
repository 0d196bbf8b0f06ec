#pragma once

/// A statement that moves rows.

#include <memory>
#include <stop_token>
#include <string>

#include "velo/pipeline.h"
#include "velo/sql.h"
#include "velo/sql/statement.h"

namespace velo::sql {

/// The identity of a named statement: as names in SQL are compared.
PipelineIdentity identity_of_name(const std::string& name);

/// A statement without a name is the same run where it reads, selects and writes the
/// same.
PipelineIdentity identity_of(const Statement& statement, const RunOptions& options,
                             DataSource& source, DataSink& sink);

/// A statement whose ends are open. Threads: thread-compatible; made on one and run on
/// another.
struct StatementRun {
  std::unique_ptr<DataSource> source;
  std::shared_ptr<DataSink> sink;
  PipelineIdentity pipeline;
  RunOptions options;
  StatementResult result;  ///< what is known of it, and what was done

  /// Whether its rows never end.
  bool goes_on() const { return source->supports_streaming() && !options.once; }

  /// Move the rows. Errors: those of velo::run; kCancelled says what became of them.
  Status move_rows(const ExecuteOptions& execute, const std::stop_token& stop);
};

}  // namespace velo::sql
