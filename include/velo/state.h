#pragma once

/// What sinks keep of pipelines: looking at it, and removing it.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "velo/commit.h"
#include "velo/connector.h"
#include "velo/pipeline.h"
#include "velo/sink.h"
#include "velo/source.h"

namespace velo {

/// What a sink keeps of a pipeline.
struct PipelineState {
  CommitRecord record;
  /// Why the pipeline cannot go on: kCommitLost …; OK where nothing is known against it.
  Status obstacle;
};

/// Look at a pipeline without disturbing who runs it; nullopt where the sink does not
/// know it. Errors: those of Committer::read_record.
Result<std::optional<PipelineState>> look_at_pipeline(TransactionalSink& sink,
                                                      const PipelineIdentity& pipeline,
                                                      std::stop_token stop = {});

/// The pipeline that a statement of this name is in one of its sinks, where that sink
/// does not know the name itself, and is one of several: the name, `_to_` and a hash of
/// where it writes. `address` is told of a sink that keeps no record.
PipelineIdentity pipeline_of_sink(std::string_view name, DataSink& sink,
                                  std::string_view address);

/// Which pipeline a statement is in one of its sinks (docs/adr/0015-several-sinks.md):
/// the one of its name where the sink knows that, else pipeline_of_sink() where it knows
/// that, or is one of several. So sinks may come and go, and the others go on. Asks the
/// sink, and disturbs nobody. Errors: those of Committer::read_record.
Result<PipelineIdentity> find_pipeline_of_sink(std::string_view name, DataSink& sink,
                                               std::string_view address,
                                               bool is_one_of_several,
                                               std::stop_token stop = {});

/// Who keeps something of a pipeline beside its sink. What is not named is left there.
struct KeptElsewhere {
  SplitSource* source = nullptr;              ///< what it reads
  TransactionalSink* dead_letters = nullptr;  ///< where its bad records are kept
  /// Hears of the steps: CommitStep::kBetweenCompletes after each of them. Outlives the
  /// call.
  CommitObserver* observer = nullptr;
};

/// Take a pipeline over, which ends who runs it, and remove what is kept for it
/// elsewhere, then its record. The rows stay, and so do bad records; the next run of that
/// name reads again from the beginning. False where the sink does not know the pipeline.
/// Errors: those of all of them; what is left is removed by the next call.
Result<bool> reset_pipeline(TransactionalSink& sink, const KeptElsewhere& kept,
                            const PipelineIdentity& pipeline, std::stop_token stop = {});

/// Have a pipeline read again from earlier positions, of those of its splits that are
/// named; one without bytes is the beginning of its split. Ends who runs it. The rows
/// from there on will be written again. `options`: what its run would be given.
/// Errors: kInvalidArgument for a position that is not before the pipeline's, and where
/// there is no going back: a source that is read whole, or keeps a place of its own for
/// its reader (a replication slot); kNotFound for a split that is not known; else as
/// run(), of a look and a commit.
Status rewind_pipeline(DataSource& source, DataSink& sink,
                       const PipelineIdentity& pipeline, const RunOptions& options,
                       const Positions& positions, std::stop_token stop = {});

/// The positions of a record's splits that a source has which was opened to begin
/// somewhere (RunOptions::range), as far as they are before the record's: what
/// rewind_pipeline() can set. Errors: kInvalidArgument where there is no going back;
/// kNotImplemented where the source does not tell where its splits begin; those of
/// reading it.
Result<Positions> beginnings_before(DataSource& source, const PipelineIdentity& pipeline,
                                    const CommitRecord& record,
                                    std::stop_token stop = {});

/// Have a new pipeline go on from where another is, whose record `other` is. That one is
/// not touched, and goes on by itself. Errors: kAlreadyExists where the new one has
/// begun; kInvalidArgument where it reads another source, or the other one was cut short
/// between the commits of its lanes (CommitRecord::ahead); else as rewind_pipeline().
Status fork_pipeline(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                     const RunOptions& options, const CommitRecord& other,
                     std::stop_token stop = {});

/// Have a pipeline be known to the sink that has moved nothing, and has finished: a mark.
/// Nothing is read, and no row is written; does nothing where it is there already.
/// Errors: as run(), of a look and a commit.
Status mark_finished(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                     const RunOptions& options, std::stop_token stop = {});

/// The connector of a source by its identity (SplitSource::identity); nullptr where there
/// is none.
const Connector* connector_of_source(std::string_view source,
                                     const Registry& registry = builtin_registry());

/// Say a position in words, where the connector of the source can, else in hexadecimal.
std::string describe_position(std::string_view source, const Position& position,
                              const Registry& registry = builtin_registry());

}  // namespace velo
