#pragma once

/// What velo::run() finds out before it begins, and velo::plan_run() tells.

#include <arrow/type.h>

#include <memory>
#include <stop_token>

#include "velo/pipeline.h"
#include "velo/sink.h"
#include "velo/source.h"

namespace velo::engine {

/// The first rows of a source that outlives the result, as many as options.limit says,
/// which is taken out of the options.
std::unique_ptr<DataSource> take_limit(DataSource& source, RunOptions& options);

/// The options as they hold for this source. Errors: kInvalidArgument where it has no
/// end, and is to end.
Result<RunOptions> options_for(const DataSource& source, const RunOptions& given);

/// Have the source yield what is asked for alone. Errors: kInvalidArgument.
Status set_range(DataSource& source, const RunOptions& options);

/// How many writers there are; `sink`: nullptr where it keeps no record.
int num_lanes_of(DataSource& source, const TransactionalSink* sink,
                 const RunOptions& options);

/// Check that the sink, which has promised this, may take what the source yields.
/// Errors: kInvalidArgument.
Status check_ends(const DataSource& source, DataSink& sink, const Promise& promise,
                  const RunOptions& options);

/// Have the source keep its bad records where that is asked for; `sink`: of the rows,
/// nullptr where it keeps no record. Errors: kInvalidArgument where the bad records
/// cannot be kept once each.
Status prepare_for_bad_records(DataSource& source, const TransactionalSink* sink,
                               const RunOptions& options);

/// Have the sink follow changes of the columns where that is asked for. Errors:
/// kNotImplemented where it cannot.
Status prepare_for_schema_changes(DataSink& sink, const RunOptions& options);

/// The columns that the sink would be given, where its record has a say in them: frozen
/// ones are those that it has, and others hold what it has. Errors: as velo::run up to
/// there.
Result<std::shared_ptr<arrow::Schema>> followed_schema(
    DataSource& source, TransactionalSink& sink, const PipelineIdentity& pipeline,
    const RunOptions& options, std::shared_ptr<arrow::Schema> schema,
    const std::stop_token& stop);

/// The columns that are read. Errors: those of fetching them; kInvalidArgument.
Result<std::shared_ptr<arrow::Schema>> schema_of_rows(DataSource& source,
                                                      const RunOptions& options);

}  // namespace velo::engine
