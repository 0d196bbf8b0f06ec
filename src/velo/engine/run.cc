#include "velo/engine/pipeline_run.h"
#include "velo/pipeline.h"

namespace velo {

Result<Progress> run(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                     const RunOptions& options, std::stop_token stop) {
  TransactionalSink* transactions = sink.transactions();
  if (options.guarantee == Guarantee::kExactlyOnce && !transactions &&
      !sink.supports_transactions()) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      "guarantee = exactly_once: this sink keeps no record of what it has "
                      "been given; guarantee = at_least_once lets it run");
  }
  if (!transactions) {
    return copy(source, sink,
                {.read = options.read,
                 .queue_bytes = options.queue_bytes,
                 .on_progress = options.on_progress},
                stop);
  }
  ARROW_ASSIGN_OR_RAISE(const auto schema, source.fetch_schema());
  ARROW_RETURN_NOT_OK(sink.validate_schema(*schema));
  return engine::PipelineRun(source, *transactions, pipeline, options).run(stop);
}

}  // namespace velo
