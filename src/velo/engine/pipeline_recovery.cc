// What a run meets in its record: the look, the take-over, and whether it may go on.

#include <fmt/format.h>

#include <utility>

#include "velo/columnar/schema_text.h"
#include "velo/engine/pipeline_run.h"
#include "velo/engine/record_columns.h"

namespace velo::engine {
namespace {

Status is_another(const PipelineIdentity& pipeline, std::string_view what,
                  std::string_view before, std::string_view now) {
  return make_error(
      ErrorKind::kInvalidArgument, {},
      fmt::format("pipeline {}: {} has changed since its last run.\n"
                  "  before: {}\n  now:    {}\n{}",
                  pipeline.id, what, before, now,
                  pipeline.is_run
                      ? "That run was left unfinished; removing its record from the sink "
                        "lets this one begin anew"
                      : "CREATE OR REPLACE goes on from where it was, as it is now; "
                        "another name begins anew"));
}

Status has_other_columns(const PipelineIdentity& pipeline, const std::string& before,
                         const std::string& now) {
  return make_error(
      ErrorKind::kInvalidArgument, {},
      fmt::format(
          "pipeline {}: the schema of its rows has changed since its last run.\n"
          "  before: {}\n  now:    {}\n"
          "on_schema_change = evolve goes on with the columns as they are now, and "
          "freeze with those that it had{}",
          pipeline.id, before, now,
          pipeline.is_run ? ""
                          : ". CREATE OR REPLACE goes on with the former, where "
                            "the sink has them; another name begins anew"));
}

}  // namespace

Result<CommitRecord> PipelineRun::look(std::shared_ptr<arrow::Schema> schema,
                                       const std::stop_token& stop) {
  stop_ = stop;
  schema_ = std::move(schema);
  ARROW_RETURN_NOT_OK(look());
  return record_;
}

Status PipelineRun::look() {
  ARROW_ASSIGN_OR_RAISE(committer_, sink_.create_committer(pipeline_, observer_));
  one_epoch_ = !source_.splits() || committer_->commits_once();
  if (one_epoch_ && goes_on()) {
    return make_error(
        ErrorKind::kInvalidArgument, {},
        "this source goes on for ever, and the sink takes all rows at once, "
        "at its end; --once, or WITH (once = true), ends where it is now");
  }
  fingerprint_ = {.source = splits_->identity(),
                  .select = options_.select,
                  .schema = text_in_record(*schema_)};
  ARROW_ASSIGN_OR_RAISE(CommitRecord now, committer_->look(stop_));
  if (!is_first_) return check_not_overtaken(now);
  // What is refused must not end who runs under this name.
  record_ = std::move(now);
  ARROW_RETURN_NOT_OK(meet_record());
  return check_fingerprint();
}

// Frozen columns are those that the record has, and others hold what it has.
Status PipelineRun::meet_record() {
  const std::string& before = record_.fingerprint.schema;
  const bool fails = options_.on_schema_change == OnSchemaChange::kFail;
  if (fails || !has_record() || before == fingerprint_.schema) return Status::OK();
  if (options_.on_schema_change == OnSchemaChange::kEvolve) {
    ARROW_ASSIGN_OR_RAISE(schema_, columns_since_record(*schema_, before));
    fingerprint_.schema = text_in_record(*schema_);
    return Status::OK();
  }
  auto frozen = columns_of_record(*schema_, before);
  if (!frozen) return has_other_columns(pipeline_, before, fingerprint_.schema);
  schema_ = std::move(frozen);
  fingerprint_.schema = before;
  return Status::OK();
}

Status PipelineRun::recover() {
  ARROW_RETURN_NOT_OK(look());
  fence_is_known_ = false;
  ARROW_ASSIGN_OR_RAISE(CommitRecord now, committer_->recover(stop_));
  // Who has taken over since the look has finished, and its record is gone.
  if (!is_first_ && now.incarnation != record_.incarnation) return overtaken();
  // Of what is replaced by each load, record_ has nothing to compare with, and what an
  // attempt has loaded the next one loads again. A commit that was cut short counts when
  // it is made again.
  if (commit_is_open_ && !committer_->commits_once() && now.ahead.empty() &&
      (now.num_rows > record_.num_rows || now.positions != record_.positions)) {
    ++progress_.num_commits;
    num_bad_committed_ = progress_.num_bad_records;
    num_cut_committed_ = progress_.num_rows_cut;
  }
  record_ = std::move(now);
  fence_is_known_ = true;
  commit_is_open_ = false;
  ARROW_RETURN_NOT_OK(meet_record());
  ARROW_RETURN_NOT_OK(check_fingerprint());
  place_dead_letters();
  if (committer_->commits_once()) {
    // What was there is replaced: nothing of it counts.
    record_.positions.clear();
    record_.num_rows = 0;
  }
  if (is_first_) progress_.num_rows_before = record_.num_rows;
  progress_.num_rows = record_.num_rows - progress_.num_rows_before;
  progress_.num_rows_committed = progress_.num_rows;
  progress_.num_bad_records = num_bad_committed_;
  progress_.num_rows_cut = num_cut_before_ = num_cut_committed_;
  return Status::OK();
}

// Before what a sink replaces is forgotten: each load has bad records of its own.
void PipelineRun::place_dead_letters() {
  if (options_.on_error != OnError::kKeep) return;
  TransactionalSink& sink = *options_.dead_letters->transactions();
  progress_.dead_letters = sink.identity();
  if (is_first_) life_ = life_of(record_, committer_->commits_once());
  dead_letters_.emplace(sink, DeadLetterPlace{pipeline_, life_, schema_text(*schema_)},
                        observer_);
}

Status PipelineRun::check_fingerprint() const {
  const bool had_positions = !record_.positions.empty();
  const bool has_lost_place =
      one_epoch_ ? had_positions : !had_positions && record_.num_rows > 0;
  if (is_half_forgotten()) return Status::OK();
  if (has_lost_place && !committer_->commits_once()) {
    return make_error(
        ErrorKind::kInvalidArgument, {},
        fmt::format("pipeline {} {}, which would repeat its rows; give it another name",
                    pipeline_.id,
                    had_positions
                        ? "keeps its position, and what it selects now can only "
                          "be read whole"
                        : "was loaded whole, and what it selects now would be "
                          "read from the beginning"));
  }
  const Fingerprint& before = record_.fingerprint;
  if (!has_record() || options_.replace || before == fingerprint_) return Status::OK();
  if (before.source != fingerprint_.source) {
    return is_another(pipeline_, "its source", before.source, fingerprint_.source);
  }
  if (before.select != fingerprint_.select) {
    return is_another(pipeline_, "its SELECT", before.select, fingerprint_.select);
  }
  if (options_.on_schema_change == OnSchemaChange::kEvolve) return Status::OK();
  return has_other_columns(pipeline_, before.schema, fingerprint_.schema);
}

bool PipelineRun::goes_on() const {
  return source_.supports_streaming() && !options_.read.once;
}

bool PipelineRun::has_record() const {
  return record_.finished || record_.num_rows > 0 || !record_.positions.empty();
}

// Whether all of a source that can only be read whole was committed before: by this run,
// which was killed then, or by an earlier one of this name.
bool PipelineRun::is_done() const {
  if (!record_.finished || source_.splits() || !source_.can_reread()) return false;
  if (committer_->commits_once()) return false;
  return pipeline_.is_run || record_.fingerprint == fingerprint_;
}

// Whether this run had ended, and was killed while a sink removed its record in parts.
bool PipelineRun::is_half_forgotten() const {
  return pipeline_.is_run && !one_epoch_ && record_.finished && record_.num_rows > 0 &&
         record_.positions.empty();
}

// Nobody comes back for a record that was only made by this.
Status PipelineRun::tell_of_take_over() const {
  if (!options_.on_taken_over) return Status::OK();
  const Status told = options_.on_taken_over(record_);
  if (kind_of(told) == ErrorKind::kFenced && !has_record()) (void)committer_->forget();
  return told;
}

// Who takes over ends what we read by, and what it has committed the source may forget:
// it is then no loss that our place is gone.
Status PipelineRun::explain(const Status& failure) const {
  const ErrorKind kind = kind_of(failure);
  const bool is_of_source = kind == ErrorKind::kPositionLost ||
                            (kind == ErrorKind::kTransient && source_has_failed_);
  if (failure.ok() || !is_of_source || one_epoch_) return failure;
  const auto committer = sink_.create_committer(pipeline_, no_observer_);
  if (!committer.ok()) return failure;
  const auto now = (*committer)->read_record(stop_);
  if (!now.ok()) return failure;
  const bool is_ours = now->fence == record_.fence && now->positions == record_.positions;
  return is_ours ? failure : overtaken();
}

}  // namespace velo::engine
