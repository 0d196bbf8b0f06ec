#include <fmt/format.h>

#include <utility>

#include "velo/engine/pipeline_run.h"
#include "velo/pipeline.h"

namespace velo {
namespace {

Result<std::shared_ptr<arrow::Schema>> select(const arrow::Schema& schema,
                                              const std::vector<std::string>& columns) {
  arrow::FieldVector fields;
  for (const std::string& name : columns) {
    const auto field = schema.GetFieldByName(name);
    if (!field) {
      return make_error(ErrorKind::kInvalidArgument, {},
                        fmt::format("the source has no column '{}', or several", name));
    }
    fields.push_back(field);
  }
  return arrow::schema(std::move(fields), schema.metadata());
}

}  // namespace

Result<Progress> run(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                     const RunOptions& options, std::stop_token stop) {
  TransactionalSink* transactions = sink.transactions();
  if (options.guarantee == Guarantee::kExactlyOnce && !transactions &&
      !sink.supports_transactions()) {
    return make_error(
        ErrorKind::kInvalidArgument, {},
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
  ARROW_ASSIGN_OR_RAISE(auto schema, source.fetch_schema());
  if (options.read.columns) {
    ARROW_ASSIGN_OR_RAISE(schema, select(*schema, *options.read.columns));
  }
  ARROW_RETURN_NOT_OK(sink.validate_schema(*schema));
  return engine::PipelineRun(source, *transactions, pipeline, options)
      .run(std::move(schema), stop);
}

}  // namespace velo
