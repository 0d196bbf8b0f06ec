#include <fmt/format.h>

#include <utility>

#include "velo/base/clock.h"
#include "velo/engine/limited_source.h"
#include "velo/engine/retrying_run.h"
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

Status no_more_than_at_least_once(const Promise& promise) {
  return make_error(
      ErrorKind::kInvalidArgument, {},
      fmt::format("guarantee = exactly_once: {}; guarantee = at_least_once lets it run",
                  promise.reason.empty()
                      ? "this sink keeps no record of what it has been given"
                      : promise.reason));
}

}  // namespace

Result<Progress> run(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                     const RunOptions& given, std::stop_token stop) {
  RunOptions options = given;
  if (options.limit) {
    const std::shared_ptr<DataSource> borrowed(std::shared_ptr<DataSource>(), &source);
    const auto first_rows = engine::limit_rows(borrowed, *options.limit);
    options.limit.reset();
    return run(*first_rows, sink, pipeline, options, std::move(stop));
  }
  options.read.once = options.read.once || options.once;
  if (options.read.once && !source.supports_batch()) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      "once = true: this source has no end, not even for now");
  }
  const bool goes_on = source.supports_streaming() && !options.read.once;
  ARROW_ASSIGN_OR_RAISE(const Promise promise, sink.promise(options.guarantee));
  if (options.guarantee == Guarantee::kExactlyOnce &&
      promise.guarantee != Guarantee::kExactlyOnce) {
    return no_more_than_at_least_once(promise);
  }
  TransactionalSink* transactions = sink.transactions();
  if (goes_on && !transactions && sink.supports_transactions()) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      "this source goes on for ever, and the sink would show its rows at "
                      "its end: write into a directory (out/), or let it end where it is "
                      "now (--once, WITH (once = true))");
  }
  if (!transactions) {
    ARROW_ASSIGN_OR_RAISE(Progress progress, copy(source, sink,
                                                  {.read = options.read,
                                                   .queue_bytes = options.queue_bytes,
                                                   .on_progress = options.on_progress},
                                                  stop));
    progress.notice = promise.reason;
    return progress;
  }
  ARROW_ASSIGN_OR_RAISE(auto schema, source.fetch_schema());
  if (options.read.columns) {
    ARROW_ASSIGN_OR_RAISE(schema, select(*schema, *options.read.columns));
  }
  ARROW_RETURN_NOT_OK(sink.validate_schema(*schema));
  return engine::run_with_retries(source, *transactions, pipeline, options,
                                  std::move(schema), steady_clock(), stop);
}

}  // namespace velo
