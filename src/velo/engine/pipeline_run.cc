#include "velo/engine/pipeline_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

PipelineRun::PipelineRun(DataSource& source, TransactionalSink& sink,
                         const PipelineIdentity& pipeline, const RunOptions& options)
    : source_(source),
      whole_source_(source.splits() ? nullptr : whole_source(source)),
      splits_(source.splits() ? source.splits() : whole_source_.get()),
      sink_(sink),
      pipeline_(pipeline),
      options_(options),
      observer_(options.observer ? *options.observer : no_observer_) {}

Result<Progress> PipelineRun::run(const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(schema_, source_.fetch_schema());
  ARROW_RETURN_NOT_OK(recover());
  if (!is_done()) {
    const Status status = move_all(stop);
    if (!status.ok()) {
      forget_what_never_began(kind_of(status));
      return status;
    }
  }
  if (pipeline_.is_run && !progress_.stopped) ARROW_RETURN_NOT_OK(committer_->forget());
  progress_.elapsed = Clock::now() - begin_;
  return progress_;
}

Status PipelineRun::move_all(const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(open_lanes());
  return move_rows(stop);
}

// A run that has failed before its first commit leaves nothing behind.
void PipelineRun::forget_what_never_began(ErrorKind failure) {
  const bool may_have_begun =
      has_record() || progress_.num_commits > 0 || failure == ErrorKind::kFenced ||
      failure == ErrorKind::kCommitStateUnknown || failure == ErrorKind::kCommitLost;
  if (!pipeline_.is_run || may_have_begun) return;
  feed_.reset();
  lanes_.clear();
  // What could not be removed is invisible, and the next run removes it.
  (void)committer_->forget();
}

Status PipelineRun::recover() {
  ARROW_ASSIGN_OR_RAISE(committer_, sink_.create_committer(pipeline_, observer_));
  ARROW_ASSIGN_OR_RAISE(record_, committer_->recover());
  progress_.num_rows_before = record_.num_rows;
  one_epoch_ = !source_.splits() || committer_->commits_once();
  return check_fingerprint();
}

Status PipelineRun::check_fingerprint() {
  fingerprint_ = {.source = splits_->identity(),
                  .select = options_.select,
                  .schema = one_line(schema_->ToString())};
  const Fingerprint& before = record_.fingerprint;
  if (!has_record() || options_.replace || before == fingerprint_) return Status::OK();
  if (before.source != fingerprint_.source) {
    return is_another(pipeline_, "its source", before.source, fingerprint_.source);
  }
  if (before.select != fingerprint_.select) {
    return is_another(pipeline_, "its SELECT", before.select, fingerprint_.select);
  }
  return is_another(pipeline_, "the schema of its rows", before.schema,
                    fingerprint_.schema);
}

bool PipelineRun::has_record() const {
  return record_.finished || record_.num_rows > 0 || !record_.positions.empty();
}

// Whether there can be nothing to move: a run that was killed after its last commit, or a
// load of the whole source that was completed before.
bool PipelineRun::is_done() const {
  if (!record_.finished) return false;
  if (pipeline_.is_run) return true;
  return !source_.splits() && !committer_->commits_once() &&
         record_.fingerprint == fingerprint_;
}

Status PipelineRun::open_lanes() {
  const int num_lanes = std::max(options_.num_lanes, 1);
  for (int lane = 0; lane < num_lanes; ++lane) {
    ARROW_ASSIGN_OR_RAISE(auto writer, committer_->create_writer(lane, schema_));
    // The other half is the feed's.
    lanes_.push_back(std::make_unique<Lane>(
        std::move(writer), options_.queue_bytes / 2 / num_lanes, observer_));
  }
  return Status::OK();
}

Status PipelineRun::move_rows(const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(
      feed_, Feed::start(*splits_, options_.read,
                         one_epoch_ ? Positions() : record_.positions,
                         options_.queue_bytes / 2));
  epoch_begin_ = Clock::now();
  while (true) {
    ARROW_ASSIGN_OR_RAISE(Event event, feed_->next(time_to_commit(), stop));
    if (stop.stop_requested()) return stop_here();
    if (auto* batch = std::get_if<Batch>(&event)) {
      ARROW_RETURN_NOT_OK(take(std::move(*batch), stop));
    } else if (const auto* ended = std::get_if<SplitEnded>(&event)) {
      ARROW_RETURN_NOT_OK(take(*ended));
    } else if (std::holds_alternative<End>(event)) {
      return commit(/*finished=*/true);
    }
    if (commit_is_due()) ARROW_RETURN_NOT_OK(commit(/*finished=*/false));
  }
}

Status PipelineRun::stop_here() {
  const bool has_begun = has_record() || num_rows_ > 0 || !moved_.empty();
  if (one_epoch_ || !has_begun) {
    return make_error(ErrorKind::kCancelled, {}, "stopped before the end was reached");
  }
  progress_.stopped = true;
  return commit(/*finished=*/false);
}

Status PipelineRun::take(Batch batch, const std::stop_token& stop) {
  const int64_t num_rows = batch.rows->num_rows();
  if (!batch.split.empty()) moved_[batch.split] = {batch.position, /*ended=*/false};
  if (num_rows == 0) return Status::OK();
  Lane& lane = *lanes_[next_lane_];
  next_lane_ = (next_lane_ + 1) % lanes_.size();
  ARROW_RETURN_NOT_OK(lane.write(std::move(batch), stop));
  num_rows_ += num_rows;
  progress_.num_rows += num_rows;
  tell_progress();
  return Status::OK();
}

Status PipelineRun::take(const SplitEnded& ended) {
  const SplitProgress now{ended.position, /*ended=*/true};
  const auto before = record_.positions.find(ended.split);
  if (before != record_.positions.end() && before->second == now) return Status::OK();
  moved_[ended.split] = now;
  return Status::OK();
}

std::chrono::nanoseconds PipelineRun::time_to_commit() const {
  const auto left = epoch_begin_ + options_.commit_interval - Clock::now();
  return one_epoch_ ? options_.commit_interval
                    : std::max<Clock::duration>(left, Clock::duration(0));
}

bool PipelineRun::commit_is_due() const {
  if (one_epoch_) return false;
  return Clock::now() - epoch_begin_ >= options_.commit_interval ||
         bytes_in_epoch() >= options_.commit_bytes;
}

Status PipelineRun::commit(bool finished) {
  epoch_begin_ = Clock::now();
  if (moved_.empty() && num_rows_ == 0 && (!finished || record_.finished)) {
    return Status::OK();
  }
  CommitRecord record = record_;
  record.epoch += 1;
  record.fingerprint = fingerprint_;
  record.positions = moved_;
  record.num_rows = num_rows_;
  record.finished = finished;
  const int64_t num_bytes = bytes_in_epoch();
  ARROW_ASSIGN_OR_RAISE(const auto tokens, prepare(record));
  observer_.reached(CommitStep::kAfterPrepare);
  ARROW_RETURN_NOT_OK(committer_->commit(record, tokens));
  observer_.reached(CommitStep::kAfterCommit);
  if (feed_) ARROW_RETURN_NOT_OK(feed_->acknowledge(moved_));

  for (auto& [split, progress] : moved_) record_.positions[split] = std::move(progress);
  record.positions = std::move(record_.positions);
  record.num_rows += record_.num_rows;
  record_ = std::move(record);
  moved_.clear();
  num_rows_ = 0;
  bytes_committed_ += num_bytes;
  progress_.num_rows_committed = progress_.num_rows;
  ++progress_.num_commits;
  tell_progress();
  return Status::OK();
}

Result<std::vector<CommitToken>> PipelineRun::prepare(const CommitRecord& record) {
  std::vector<std::future<Result<CommitToken>>> answers;
  for (const auto& lane : lanes_) answers.push_back(lane->prepare(record));
  std::vector<CommitToken> tokens;
  for (auto& answer : answers) {
    ARROW_ASSIGN_OR_RAISE(auto token, answer.get());
    tokens.push_back(std::move(token));
    if (tokens.size() == 1) observer_.reached(CommitStep::kAfterPrepareOne);
  }
  return tokens;
}

int64_t PipelineRun::bytes_in_epoch() const {
  int64_t num_bytes = 0;
  for (const auto& lane : lanes_) num_bytes += lane->bytes_written();
  return num_bytes;
}

void PipelineRun::tell_progress() {
  progress_.bytes_written = bytes_committed_ + bytes_in_epoch();
  progress_.elapsed = Clock::now() - begin_;
  if (options_.on_progress) options_.on_progress(progress_);
}

}  // namespace velo::engine
