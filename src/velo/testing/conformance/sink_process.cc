#include "velo/testing/conformance/sink_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace velo::testing {

class SinkProcess::KillingObserver : public CommitObserver {
 public:
  explicit KillingObserver(const std::optional<KillAt>& kill_at) : kill_at_(kill_at) {}

  void reached(CommitStep step) override {
    if (kill_at_ && kill_at_->step == step && kill_at_->num_commits == num_commits_) {
      throw Killed();
    }
    if (step == CommitStep::kAfterCommit) ++num_commits_;
  }

 private:
  const std::optional<KillAt> kill_at_;
  int num_commits_ = 0;
};

Position position_after(size_t batch) { return {fmt::format("{:08}", batch + 1)}; }

Result<std::unique_ptr<SinkProcess>> SinkProcess::start(
    const SinkTest& test, const PipelineIdentity& pipeline,
    const std::optional<KillAt>& kill_at) {
  std::unique_ptr<SinkProcess> process(new SinkProcess);
  ARROW_ASSIGN_OR_RAISE(process->sink_, test.open());
  TransactionalSink* transactions = process->sink_->transactions();
  if (!transactions) return make_error(ErrorKind::kInternal, {}, "it keeps no record");
  process->observer_ = std::make_unique<KillingObserver>(kill_at);
  process->place_ = &test.place();
  test.place().expect_pipeline(pipeline.id);
  process->lanes_commit_alone_ = transactions->commit_kind() == CommitKind::kSession;
  ARROW_ASSIGN_OR_RAISE(process->committer_,
                        transactions->create_committer(pipeline, *process->observer_));
  ARROW_RETURN_NOT_OK(process->recover());
  return process;
}

SinkProcess::~SinkProcess() = default;

Status SinkProcess::recover() {
  lanes_.clear();
  shares_.clear();
  return committer_->recover({}).Value(&record_);
}

Status SinkProcess::open_lanes(int num_lanes,
                               const std::shared_ptr<arrow::Schema>& schema) {
  num_lanes = std::min(num_lanes, sink_->transactions()->max_lanes());
  for (int lane = 0; lane < num_lanes; ++lane) {
    ARROW_ASSIGN_OR_RAISE(auto writer, committer_->create_writer(lane, schema, {}));
    lanes_.push_back(std::move(writer));
  }
  shares_.assign(lanes_.size(), {});
  return Status::OK();
}

size_t SinkProcess::lane_of(const SplitId& split) {
  return lane_of_split_.emplace(split, lane_of_split_.size() % lanes_.size())
      .first->second;
}

Status SinkProcess::write(const SplitId& split, const Rows& rows,
                          const Position& position, const std::stop_token& stop) {
  const size_t lane = lane_of(split);
  ARROW_RETURN_NOT_OK(
      lanes_[lane]->write({.rows = rows, .split = split, .position = position}, stop));
  observer_->reached(CommitStep::kInWrite);
  shares_[lane].num_rows += rows->num_rows();
  move(split, {position});
  return Status::OK();
}

void SinkProcess::move(const SplitId& split, const SplitProgress& progress) {
  shares_[lane_of(split)].moved[split] = progress;
}

Status SinkProcess::prepare(bool finished) {
  next_ = record_;
  next_.epoch += 1;
  next_.finished = finished;
  next_.positions.clear();
  next_.num_rows = 0;
  for (const Share& share : shares_) {
    next_.positions.insert(share.moved.begin(), share.moved.end());
    next_.num_rows += share.num_rows;
  }
  next_.fingerprint = {.source = "rows of a test",
                       .select = "SELECT 'naïve ☃', \"a\\b\"",
                       .schema = "id: int64 name: string"};
  tokens_.clear();
  for (size_t lane = 0; lane < lanes_.size(); ++lane) {
    ARROW_ASSIGN_OR_RAISE(CommitToken token, prepare(lane, next_));
    tokens_.push_back(std::move(token));
    if (lane == 0) observer_->reached(CommitStep::kAfterPrepareOne);
  }
  observer_->reached(CommitStep::kAfterPrepare);
  return Status::OK();
}

Result<CommitToken> SinkProcess::prepare(size_t lane, CommitRecord record) {
  if (lanes_commit_alone_) {
    record.positions = shares_[lane].moved;
    record.num_rows = shares_[lane].num_rows;
  }
  return lanes_[lane]->prepare(record);
}

Status SinkProcess::commit() {
  ARROW_RETURN_NOT_OK(committer_->commit(next_, tokens_));
  observer_->reached(CommitStep::kAfterCommit);
  record_.positions.merge(Positions(next_.positions));
  for (const auto& [split, progress] : next_.positions)
    record_.positions[split] = progress;
  record_.num_rows += next_.num_rows;
  record_.epoch = next_.epoch;
  record_.finished = next_.finished;
  record_.fingerprint = next_.fingerprint;
  shares_.assign(lanes_.size(), {});
  return place_->settle();
}

Status SinkProcess::commit_again() { return committer_->commit(next_, tokens_); }

Status SinkProcess::move_epoch(const Splits& splits, size_t first, size_t last) {
  size_t num_batches = 0;
  for (const auto& [split, batches] : splits) {
    num_batches = std::max(num_batches, batches.size());
    for (size_t i = first; i < std::min(last, batches.size()); ++i) {
      const auto known = record_.positions.find(split);
      const bool is_there =
          known != record_.positions.end() && known->second.position >= position_after(i);
      if (is_there) continue;
      ARROW_RETURN_NOT_OK(write(split, batches[i], position_after(i)));
    }
  }
  ARROW_RETURN_NOT_OK(prepare(/*finished=*/last >= num_batches));
  return commit();
}

Status SinkProcess::move_all(const Splits& splits, int num_lanes) {
  size_t num_batches = 0;
  for (const auto& [split, batches] : splits) {
    num_batches = std::max(num_batches, batches.size());
  }
  ARROW_RETURN_NOT_OK(open_lanes(num_lanes, splits.begin()->second.front()->schema()));
  if (committer_->commits_once()) {
    record_.positions.clear();
    record_.num_rows = 0;
    return move_epoch(splits, 0, num_batches);
  }
  for (size_t i = 0; i < num_batches; ++i) {
    ARROW_RETURN_NOT_OK(move_epoch(splits, i, i + 1));
  }
  return Status::OK();
}

}  // namespace velo::testing
