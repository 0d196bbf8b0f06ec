// Positions that are set by hand.

#include <fmt/format.h>

#include <utility>

#include "velo/base/clock.h"
#include "velo/engine/pipeline_run.h"
#include "velo/engine/run_checks.h"
#include "velo/state.h"

namespace velo {
namespace engine {

// What cannot be is refused before it ends who runs.
Status PipelineRun::place(std::shared_ptr<arrow::Schema> schema,
                          const Positions& positions,
                          const std::function<Status(const CommitRecord&)>& check,
                          const std::stop_token& stop) {
  stop_ = stop;
  schema_ = std::move(schema);
  ARROW_RETURN_NOT_OK(look());
  if (one_epoch_) {
    return make_error(ErrorKind::kInvalidArgument, {.resource = pipeline_.id},
                      "it is loaded as a whole, and keeps no position");
  }
  ARROW_RETURN_NOT_OK(check(record_));
  ARROW_RETURN_NOT_OK(recover());
  ARROW_RETURN_NOT_OK(check(record_));
  ARROW_RETURN_NOT_OK(open_lanes());
  shares_.front().moved = positions;
  return commit(/*finished=*/false);
}

Status PipelineRun::mark_finished(std::shared_ptr<arrow::Schema> schema,
                                  const std::stop_token& stop) {
  stop_ = stop;
  schema_ = std::move(schema);
  ARROW_RETURN_NOT_OK(look());
  ARROW_RETURN_NOT_OK(recover());
  ARROW_RETURN_NOT_OK(open_lanes());
  return commit(/*finished=*/true);
}

}  // namespace engine

namespace {

Status refuse(const PipelineIdentity& pipeline, std::string message) {
  return make_error(ErrorKind::kInvalidArgument, {.resource = pipeline.id},
                    std::move(message));
}

// What a source keeps for one reader is at one place, which only goes on.
Status check_source(DataSource& source, const PipelineIdentity& pipeline) {
  SplitSource* splits = source.splits();
  if (!splits) return refuse(pipeline, "its source has no positions: it is read whole");
  const auto kept = splits->kept_for(pipeline.id);
  if (kept.empty()) return Status::OK();
  return refuse(pipeline, fmt::format("its source keeps a place of its own for it ({}), "
                                      "which cannot be set by hand; velo state reset "
                                      "begins anew",
                                      kept.front()));
}

Status check_is_before(const PipelineIdentity& pipeline, const Positions& positions,
                       const CommitRecord& record) {
  for (const auto& [split, wanted] : positions) {
    const auto known = record.positions.find(split);
    if (known == record.positions.end()) {
      return make_error(ErrorKind::kNotFound, {.resource = pipeline.id},
                        fmt::format("it has read no split {}", split));
    }
    if (wanted.position < known->second.position) continue;
    return refuse(pipeline,
                  fmt::format("{} is at {}: it can only go back from there", split,
                              describe_position(record.fingerprint.source,
                                                known->second.position)));
  }
  return Status::OK();
}

// What is done with a pipeline whose ends are open, and rows of these columns fit.
using Change =
    std::function<Status(engine::PipelineRun&, std::shared_ptr<arrow::Schema>)>;

Status change_pipeline(DataSource& source, DataSink& sink,
                       const PipelineIdentity& pipeline, const RunOptions& given,
                       const Change& change) {
  ARROW_ASSIGN_OR_RAISE(RunOptions options, engine::options_for(source, given));
  options.num_lanes = 1;
  ARROW_RETURN_NOT_OK(sink.promise(options.guarantee).status());
  TransactionalSink* transactions = sink.transactions();
  if (!transactions) return refuse(pipeline, "its sink keeps no record of it");
  ARROW_ASSIGN_OR_RAISE(auto schema, engine::schema_of_rows(source, options));
  ARROW_RETURN_NOT_OK(sink.validate_schema(*schema));
  engine::Retries none(steady_clock(), std::chrono::milliseconds(0), {});
  engine::PipelineRun run(source, *transactions, pipeline, options, none);
  return change(run, std::move(schema));
}

Status place(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
             const RunOptions& options, const Positions& positions,
             const std::function<Status(const CommitRecord&)>& check,
             const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(check_source(source, pipeline));
  return change_pipeline(source, sink, pipeline, options,
                         [&](engine::PipelineRun& run, auto schema) {
                           return run.place(std::move(schema), positions, check, stop);
                         });
}

}  // namespace

Status rewind_pipeline(DataSource& source, DataSink& sink,
                       const PipelineIdentity& pipeline, const RunOptions& options,
                       const Positions& positions, std::stop_token stop) {
  const auto check = [&](const CommitRecord& record) {
    return check_is_before(pipeline, positions, record);
  };
  return place(source, sink, pipeline, options, positions, check, stop);
}

Result<Positions> beginnings_before(DataSource& source, const PipelineIdentity& pipeline,
                                    const CommitRecord& record, std::stop_token stop) {
  ARROW_RETURN_NOT_OK(check_source(source, pipeline));
  ARROW_ASSIGN_OR_RAISE(const auto reader, source.splits()->create_split_reader(
                                               {.once = true, .tells_beginnings = true}));
  std::vector<SplitStart> splits;
  for (const auto& [split, progress] : record.positions) splits.push_back({split, {}});
  ARROW_RETURN_NOT_OK(reader->assign(splits));
  Positions beginnings;
  while (beginnings.size() < splits.size()) {
    ARROW_ASSIGN_OR_RAISE(const Event event, reader->poll({}, stop));
    const auto* batch = std::get_if<Batch>(&event);
    const bool is_beginning =
        batch && batch->rows->num_rows() == 0 && !batch->position.bytes.empty();
    if (is_beginning)
      beginnings.try_emplace(batch->split, SplitProgress{batch->position});
    const bool is_behind = batch && !beginnings.contains(batch->split);
    if (is_behind || std::holds_alternative<End>(event)) {
      return make_error(ErrorKind::kNotImplemented, {.resource = pipeline.id},
                        "its source does not tell where its splits begin, so that a time "
                        "cannot be found; earliest, or the number of a record, can be");
    }
  }
  std::erase_if(beginnings, [&](const auto& beginning) {
    return !(beginning.second.position < record.positions.at(beginning.first).position);
  });
  return beginnings;
}

Status mark_finished(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                     const RunOptions& given, std::stop_token stop) {
  RunOptions options = given;
  options.limit.reset();
  options.on_error = OnError::kFail;
  return change_pipeline(source, sink, pipeline, options,
                         [&](engine::PipelineRun& run, auto schema) {
                           return run.mark_finished(std::move(schema), stop);
                         });
}

Status fork_pipeline(DataSource& source, DataSink& sink, const PipelineIdentity& pipeline,
                     const RunOptions& options, const CommitRecord& other,
                     std::stop_token stop) {
  const auto check = [&](const CommitRecord& record) -> Status {
    // Who was killed after it runs it again.
    const bool is_forked = record.positions == other.positions && !record.finished;
    if (record.num_rows == 0 && (record.positions.empty() || is_forked)) {
      return Status::OK();
    }
    return make_error(
        ErrorKind::kAlreadyExists, {.resource = pipeline.id},
        fmt::format("it has begun: {} rows are committed; another name, or velo state "
                    "reset, is needed",
                    record.num_rows));
  };
  if (other.positions.empty()) {
    return refuse(pipeline, other.pipeline + " has no positions to go on from");
  }
  if (!other.ahead.empty()) {
    return refuse(pipeline,
                  other.pipeline +
                      " was cut short between the commits of its lanes, and its "
                      "sink has rows from beyond its positions; once it has run "
                      "again, there is a place to go on from");
  }
  if (source.splits() && source.splits()->identity() != other.fingerprint.source) {
    return refuse(pipeline, fmt::format("it reads {}, and {} has read {}",
                                        source.splits()->identity(), other.pipeline,
                                        other.fingerprint.source));
  }
  return place(source, sink, pipeline, options, other.positions, check, stop);
}

}  // namespace velo
