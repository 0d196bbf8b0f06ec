#include "velo/engine/pipeline_run.h"

#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/cut_source.h"
#include "velo/engine/bad_records.h"
#include "velo/engine/record_columns.h"
#include "velo/engine/run_checks.h"

namespace velo::engine {
namespace {

constexpr std::chrono::milliseconds kLookAround{50};
// About so many bytes of rows make one of output: what the lanes have not written yet
// counts too.
constexpr int64_t kRowsToOutput = 4;
constexpr std::chrono::milliseconds kLongestWait{3'600'000};
// How often those who look on hear of it while nothing comes.
constexpr std::chrono::milliseconds kTellEvery{1000};

std::chrono::milliseconds interval_of(const TransactionalSink& sink,
                                      const RunOptions& options) {
  auto interval = std::min(options.commit_interval.value_or(sink.commit_pace().interval),
                           sink.commit_pace().longest);
  if (options.on_error != OnError::kKeep) return interval;
  return std::min(interval, options.dead_letters->transactions()->commit_pace().longest);
}

}  // namespace

PipelineRun::PipelineRun(DataSource& source, TransactionalSink& sink,
                         const PipelineIdentity& pipeline, const RunOptions& options,
                         Retries& retries)
    : source_(source),
      whole_source_(source.splits() ? nullptr : whole_source(source)),
      splits_(source.splits() ? source.splits() : whole_source_.get()),
      sink_(sink),
      pipeline_(pipeline),
      options_(options),
      retries_(retries),
      observer_(options),
      commit_interval_(interval_of(sink, options)),
      lanes_commit_alone_(sink.commit_kind() == CommitKind::kSession) {}

Result<Progress> PipelineRun::run(std::shared_ptr<arrow::Schema> schema,
                                  const std::stop_token& stop) {
  stop_ = stop;
  const std::stop_callback forward(stop, [this] { halt_.request_stop(); });
  schema_ = std::move(schema);
  const Status status = attempt();
  lanes_have_met_ = kind_of(status) == ErrorKind::kConflict && lanes_.size() > 1 &&
                    !wants_one_lane_ && !source_has_failed_;
  has_begun_ = has_begun_ || (feed_ && feed_->has_begun());
  if (!status.ok()) {
    const bool is_stop =
        stop_.stop_requested() && kind_of(status) == ErrorKind::kCancelled;
    if (is_stop && !is_first_ && !feed_) return stop_in_pause();
    return status;
  }
  if (pipeline_.is_run && (!progress_.stopped || !has_record())) {
    ARROW_ASSIGN_OR_RAISE(progress_.record_left,
                          retries_.remove_record([this] { return forget(); }, stop_));
  } else if (dead_letters_ && committer_->commits_once()) {
    ARROW_RETURN_NOT_OK(dead_letters_->forget({}));
  }
  progress_.elapsed = Clock::now() - begin_;
  return progress_;
}

Status PipelineRun::attempt() {
  ARROW_RETURN_NOT_OK(recover());
  has_recovered_ = true;
  ARROW_RETURN_NOT_OK(tell_of_take_over());
  if (is_done()) {
    progress_.was_loaded_before = is_first_;
    return Status::OK();
  }
  return is_half_forgotten() ? Status::OK() : explain(move_all());
}

Status PipelineRun::move_all() {
  ARROW_RETURN_NOT_OK(open_lanes());
  return move_rows();
}

std::string PipelineRun::reader() const { return reader_of(pipeline_, record_); }

Status PipelineRun::open_lanes() {
  int num_lanes = num_lanes_of(source_, &sink_, options_);
  ARROW_ASSIGN_OR_RAISE(key_lanes_, find_key_lanes(num_lanes));
  if (sink_.divides_by_key() && !key_lanes_) num_lanes = 1;
  if (begins_in_one_lane_ && !key_lanes_) num_lanes = 1;
  if (begins_in_one_lane_ && key_lanes_) key_lanes_->give_to_one_lane();
  ARROW_ASSIGN_OR_RAISE(shares_of_memory_, MemoryShares::of(options_, num_lanes));
  for (int lane = 0; lane < num_lanes; ++lane) {
    ARROW_ASSIGN_OR_RAISE(auto writer, committer_->create_writer(lane, schema_, stop_));
    lanes_.push_back(std::make_unique<Lane>(
        std::move(writer), shares_of_memory_.lane_queue_bytes, observer_, halt_));
  }
  shares_.assign(lanes_.size(), {});
  return Status::OK();
}

// Where there is none, progress_ says why.
Result<std::optional<KeyLanes>> PipelineRun::find_key_lanes(int num_lanes) {
  progress_.one_lane.clear();
  if (num_lanes == 1 || !sink_.divides_by_key()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(LaneKey key, committer_->find_lane_key(*schema_, stop_));
  progress_.one_lane = std::move(key.obstacle);
  if (key.columns.empty()) return std::nullopt;
  auto lanes =
      KeyLanes::make(*schema_, std::move(key.columns), static_cast<size_t>(num_lanes));
  if (lanes.ok()) return *std::move(lanes);
  progress_.one_lane = lanes.status().message();
  return std::nullopt;
}

Result<std::string> PipelineRun::why_one_lane() {
  ARROW_RETURN_NOT_OK(find_key_lanes(num_lanes_of(source_, &sink_, options_)).status());
  return progress_.one_lane;
}

// Those that were set back to their beginning have none.
Positions PipelineRun::known_places() const {
  Positions places = record_.positions;
  std::erase_if(places,
                [](const auto& place) { return place.second.position.bytes.empty(); });
  return places;
}

Status PipelineRun::move_rows() {
  ReadOptions read = options_.read;
  read.reader = reader();
  read.process = record_.fence;
  if (options_.on_schema_change != OnSchemaChange::kFail) {
    followed_.emplace(options_.on_schema_change, schema_, fingerprint_.schema);
    read.tells_schema_changes = true;
  }
  // What some lanes have committed is written again, by one, and is one epoch: nothing
  // that was to be seen goes back in time.
  const bool is_of_this = record_.fingerprint.source == fingerprint_.source;
  to_reach_ = is_of_this ? record_.ahead : Positions();
  for (const auto& [split, progress] : to_reach_) inside_.insert(split);
  if (key_lanes_ && !to_reach_.empty()) key_lanes_->give_to_one_lane();
  read.tells_beginnings = key_lanes_ || !to_reach_.empty();
  const Positions from = one_epoch_ ? Positions() : known_places();
  Positions begun = from;
  begun.insert(to_reach_.begin(), to_reach_.end());
  go_on_from(*splits_, begun);
  ARROW_ASSIGN_OR_RAISE(feed_,
                        Feed::start(*splits_,
                                    {.read = std::move(read),
                                     .num_readers = options_.num_lanes,
                                     .queue_bytes = shares_of_memory_.feed_queue_bytes,
                                     .measure_lag = options_.measure_lag},
                                    from));
  epoch_begin_ = Clock::now();
  while (true) {
    auto next = feed_->next(longest_wait(), halt_.get_token());
    source_has_failed_ = !next.ok();
    ARROW_ASSIGN_OR_RAISE(Event event, std::move(next));
    ARROW_RETURN_NOT_OK(failure_of_lane());
    if (stop_.stop_requested()) return stop_here();
    if (auto* batch = std::get_if<Batch>(&event)) {
      ARROW_RETURN_NOT_OK(take(std::move(*batch)));
    } else if (const auto* ended = std::get_if<SplitEnded>(&event)) {
      ARROW_RETURN_NOT_OK(take(*ended));
    } else if (const auto* change = std::get_if<SchemaChange>(&event)) {
      ARROW_RETURN_NOT_OK(take(*change));
    } else if (std::holds_alternative<End>(event)) {
      ARROW_RETURN_NOT_OK(check_all_is_reached());
      return commit(/*finished=*/true);
    } else {
      tell_progress();
    }
    if (commit_is_due()) ARROW_RETURN_NOT_OK(commit(/*finished=*/false));
  }
}

Status PipelineRun::stop_here() {
  const bool has_begun = has_record() || progress_.num_rows > 0;
  // A source that goes on is ended by a stop, whether or not there was a row by then.
  if (one_epoch_ || (!has_begun && !goes_on())) {
    return make_error(ErrorKind::kCancelled, {}, "stopped before the end was reached");
  }
  progress_.stopped = true;
  if (inside_.empty()) return commit(/*finished=*/false);
  if (has_record()) {  // the next run reads it again
    progress_.num_rows = progress_.num_rows_committed;
    progress_.num_bad_records = num_bad_committed_;
    return Status::OK();
  }
  return make_error(ErrorKind::kCancelled, {},
                    "stopped before there was a place to go on from");
}

Status PipelineRun::take(Batch batch) {
  if (followed_) ARROW_RETURN_NOT_OK(followed_->fit(batch));
  const int64_t num_rows = batch.rows->num_rows();
  ARROW_RETURN_NOT_OK(take_into_epoch(batch));
  Status taken = take_bad(batch);
  if (taken.ok() && num_rows > 0) taken = write(batch);
  // The loop sees why; what was not queued was not read, as far as the record knows. Bad
  // records that could not be written are no part of an epoch that may be committed.
  if (!taken.ok() && halt_.stop_requested() && kind_of(taken) == ErrorKind::kCancelled) {
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(taken);
  Share& share = share_of(batch.split);
  note_position(batch, share);
  if (followed_) {
    progress_.num_rows_cut = num_cut_before_ + followed_->num_rows_cut();
    const auto& cut = followed_->columns_cut();
    progress_.columns_cut.assign(cut.begin(), cut.end());
  }
  share.num_rows += num_rows;
  bytes_queued_ += arrow::util::TotalBufferSize(*batch.rows);
  progress_.num_rows += num_rows;
  if (num_rows > 0 || batch.bad) tell_progress();
  return Status::OK();
}

// What needs one lane ends an epoch that several have rows of; where it cannot end, that
// is dropped, and read again for one.
Status PipelineRun::take_into_epoch(const Batch& batch) {
  if (!key_lanes_ || key_lanes_->take(batch, record_.positions)) return Status::OK();
  if (!inside_.empty()) {
    wants_one_lane_ = true;
    return make_error(ErrorKind::kConflict, {.resource = batch.split},
                      "one lane has to write this, and several have begun to");
  }
  ARROW_RETURN_NOT_OK(commit(/*finished=*/false));
  key_lanes_->give_to_one_lane();
  return Status::OK();
}

Status PipelineRun::write(const Batch& batch) {
  const auto waiting = [this] { tell_progress(); };
  if (!key_lanes_ || !key_lanes_->is_divided()) {
    size_t lane = 0;
    if (!key_lanes_) lane = lanes_commit_alone_ ? lane_of(batch.split) : next_lane();
    return lanes_[lane]->write(batch, halt_.get_token(), waiting);
  }
  ARROW_ASSIGN_OR_RAISE(auto parts, key_lanes_->divide(batch.rows));
  for (size_t lane = 0; lane < parts.size(); ++lane) {
    if (!parts[lane]) continue;
    const Status written = lanes_[lane]->write({.rows = std::move(parts[lane]),
                                                .split = batch.split,
                                                .position = batch.position},
                                               halt_.get_token(), waiting);
    // Others may have their part of it: that is no place to end.
    if (!written.ok()) inside_.insert(batch.split);
    ARROW_RETURN_NOT_OK(written);
  }
  return Status::OK();
}

void PipelineRun::note_position(const Batch& batch, Share& share) {
  if (batch.split.empty()) return;
  if (batch.position.bytes.empty()) {
    inside_.insert(batch.split);
    return;
  }
  share.moved[batch.split] = {batch.position, /*ended=*/false};
  const auto end = to_reach_.find(batch.split);
  if (end != to_reach_.end()) {
    if (batch.position < end->second.position) return;
    to_reach_.erase(end);
  }
  inside_.erase(batch.split);
}

PipelineRun::Share& PipelineRun::share_of(const SplitId& split) {
  return shares_[lanes_commit_alone_ && !key_lanes_ ? lane_of(split) : 0];
}

Status PipelineRun::check_all_is_reached() const {
  if (to_reach_.empty()) return Status::OK();
  return make_error(
      ErrorKind::kPositionLost, {.resource = to_reach_.begin()->first},
      "an earlier run was cut short while it committed, and some of its rows are from "
      "beyond the end of what is there now; put back what was there, or let it be read "
      "further (until)");
}

Status PipelineRun::take_bad(const Batch& batch) {
  if (!batch.bad) return Status::OK();
  count_bad_records(batch, progress_);
  return dead_letters_ ? dead_letters_->write(batch, halt_.get_token()) : Status::OK();
}

Status PipelineRun::take(const SplitEnded& ended) {
  const SplitProgress now{ended.position, /*ended=*/true};
  inside_.erase(ended.split);
  to_reach_.erase(ended.split);
  Share& share = share_of(ended.split);
  const auto before = record_.positions.find(ended.split);
  const bool is_known = before != record_.positions.end() && before->second == now;
  if (!is_known || share.moved.contains(ended.split)) share.moved[ended.split] = now;
  return Status::OK();
}

// The epoch ends before the first row of the new columns, where it can.
Status PipelineRun::take(const SchemaChange& change) {
  if (!followed_)
    followed_.emplace(options_.on_schema_change, schema_, fingerprint_.schema);
  ARROW_ASSIGN_OR_RAISE(const bool has_changed, followed_->follow(change));
  if (!has_changed) return Status::OK();
  const bool is_between_epochs = !one_epoch_ && inside_.empty();
  if (is_between_epochs) ARROW_RETURN_NOT_OK(commit(/*finished=*/false));
  if (key_lanes_ && key_lanes_->is_divided()) {
    wants_one_lane_ = true;
    return make_error(ErrorKind::kConflict, {.resource = change.split},
                      "the columns change where several lanes have begun to write");
  }
  schema_ = followed_->schema();
  fingerprint_.schema = text_in_record(*schema_);
  if (key_lanes_) key_lanes_->change_schema(*schema_);
  if (is_between_epochs && lanes_.size() > 1) {
    ARROW_RETURN_NOT_OK(committer_->prepare_change(schema_, halt_.get_token()));
  }
  for (const auto& lane : lanes_) {
    auto changed = lane->change_schema(schema_);
    ARROW_RETURN_NOT_OK(wait_for(changed));
  }
  return Status::OK();
}

size_t PipelineRun::next_lane() {
  return std::exchange(next_lane_, (next_lane_ + 1) % lanes_.size());
}

size_t PipelineRun::lane_of(const SplitId& split) {
  const auto known = lane_of_split_.find(split);
  if (known != lane_of_split_.end()) return known->second;
  return lane_of_split_[split] = next_lane();
}

PipelineRun::Share PipelineRun::whole_epoch() const {
  Share whole;
  for (const Share& share : shares_) {
    whole.moved.insert(share.moved.begin(), share.moved.end());
    whole.num_rows += share.num_rows;
  }
  return whole;
}

// In milliseconds, which any interval fits.
std::chrono::milliseconds PipelineRun::time_to_commit() const {
  const auto age =
      std::chrono::floor<std::chrono::milliseconds>(Clock::now() - epoch_begin_);
  return commit_interval_ - age;
}

std::chrono::milliseconds PipelineRun::longest_wait() const {
  const auto longest = options_.on_progress ? kTellEvery : kLongestWait;
  if (one_epoch_ || !inside_.empty()) return longest;
  return std::min(time_to_commit(), longest);
}

bool PipelineRun::commit_is_due() const {
  if (one_epoch_ || !inside_.empty()) return false;
  return time_to_commit().count() <= 0 ||
         bytes_written() - bytes_committed_ >= options_.commit_bytes ||
         bytes_queued_ / kRowsToOutput >= options_.commit_bytes;
}

Status PipelineRun::commit(bool finished) {
  const auto begin = Clock::now();
  epoch_begin_ = begin;
  Share epoch = whole_epoch();
  const bool is_replaced = has_record() && record_.fingerprint != fingerprint_;
  if (epoch.moved.empty() && epoch.num_rows == 0 && !is_replaced &&
      (!finished || record_.finished)) {
    return Status::OK();
  }
  // Of a hundred thousand splits, one commit moves a few: the rest is not touched.
  Positions whole = std::exchange(record_.positions, {});
  CommitRecord record = record_;
  record_.positions = std::move(whole);
  record.epoch += 1;
  record.fingerprint = fingerprint_;
  record.positions = std::move(epoch.moved);
  record.num_rows = epoch.num_rows;
  record.ahead.clear();
  record.finished = finished;
  record.divided = key_lanes_ && key_lanes_->is_divided();
  record.begins = record.divided ? key_lanes_->begins() : Positions();
  ARROW_ASSIGN_OR_RAISE(const auto tokens, prepare(record));
  observer_.reached(CommitStep::kAfterPrepare);
  commit_is_open_ = true;
  if (dead_letters_) ARROW_RETURN_NOT_OK(dead_letters_->commit());
  ARROW_RETURN_NOT_OK(committer_->commit(record, tokens));
  observer_.reached(CommitStep::kAfterCommit);
  if (feed_) ARROW_RETURN_NOT_OK(feed_->acknowledge(record.positions));

  record.num_rows += record_.num_rows;
  record.positions.swap(record_.positions);
  for (auto& [split, progress] : record_.positions) {
    record.positions.insert_or_assign(split, std::move(progress));
  }
  record_ = std::move(record);
  commit_is_open_ = false;
  shares_.assign(lanes_.size(), {});
  // One without rows has not got over what one lane is wanted for.
  if (key_lanes_ && epoch.num_rows > 0) key_lanes_->begin_epoch();
  bytes_committed_ = bytes_written();
  bytes_queued_ = 0;
  progress_.num_rows_committed = progress_.num_rows;
  num_bad_committed_ = progress_.num_bad_records;
  num_cut_committed_ = progress_.num_rows_cut;
  ++progress_.num_commits;
  progress_.last_commit = std::chrono::system_clock::now();
  progress_.last_commit_took = Clock::now() - begin;
  tell_progress();
  return Status::OK();
}

Result<std::vector<CommitToken>> PipelineRun::prepare(const CommitRecord& record) {
  std::vector<std::future<Result<CommitToken>>> answers;
  const size_t num_lanes = key_lanes_ && !record.divided ? 1 : lanes_.size();
  for (size_t lane = 0; lane < num_lanes; ++lane) {
    CommitRecord part = record;
    if (lanes_commit_alone_ && !key_lanes_) {
      part.positions = shares_[lane].moved;
      part.num_rows = shares_[lane].num_rows;
    }
    answers.push_back(lanes_[lane]->prepare(std::move(part)));
  }
  std::vector<CommitToken> tokens;
  for (auto& answer : answers) {
    ARROW_ASSIGN_OR_RAISE(auto token, wait_for(answer));
    tokens.push_back(std::move(token));
    if (tokens.size() == 1) observer_.reached(CommitStep::kAfterPrepareOne);
  }
  return tokens;
}

// Not for ever: another lane may fail meanwhile, and who has asked for a stop wants it.
template <typename T>
T PipelineRun::wait_for(std::future<T>& answer) {
  while (answer.wait_for(kLookAround) != std::future_status::ready) {
    ARROW_RETURN_NOT_OK(failure_of_lane());
    if (Clock::now() - last_told_ >= kTellEvery) tell_progress();
    if (!stop_.stop_requested()) continue;
    if (!stopped_at_) stopped_at_ = Clock::now();
    if (Clock::now() - *stopped_at_ < options_.longest_stop) continue;
    return make_error(ErrorKind::kCancelled, {},
                      fmt::format("stopped; the sink did not take within {} ms what was "
                                  "read since the last commit, which will be read again "
                                  "by the next run",
                                  options_.longest_stop.count()));
  }
  return answer.get();
}

Status PipelineRun::failure_of_lane() const {
  for (const auto& lane : lanes_) ARROW_RETURN_NOT_OK(lane->failure());
  return Status::OK();
}

int64_t PipelineRun::bytes_written() const {
  int64_t num_bytes = 0;
  for (const auto& lane : lanes_) num_bytes += lane->bytes_written();
  return num_bytes;
}

void PipelineRun::tell_progress() {
  progress_.bytes_written = bytes_before_ + bytes_written();
  last_told_ = Clock::now();
  progress_.elapsed = last_told_ - begin_;
  if (!options_.on_progress) return;
  progress_.queued_bytes = 0;
  if (feed_) {
    progress_.lag = feed_->lag();
    progress_.queued_bytes = feed_->queued_bytes();
  }
  for (const auto& lane : lanes_) progress_.queued_bytes += lane->queued_bytes();
  options_.on_progress(progress_);
}

}  // namespace velo::engine
