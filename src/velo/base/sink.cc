#include "velo/sink.h"

#include <chrono>
#include <optional>
#include <utility>

#include "velo/base/random_id.h"

namespace velo {
namespace {

PipelineIdentity identity_of_its_own() {
  return {.id = "run_" + random_id(), .is_run = true};
}

// In epochs of the sink's pace, or in one.
class EpochsWriter : public DataWriter {
 public:
  EpochsWriter(std::unique_ptr<CommitObserver> observer,
               std::unique_ptr<Committer> committer, CommitRecord record,
               std::optional<CommitPace> pace)
      : observer_(std::move(observer)),
        committer_(std::move(committer)),
        record_(std::move(record)),
        pace_(committer_->commits_once() ? std::nullopt : pace) {
    begin_epoch();
  }

  ~EpochsWriter() override { abort(); }

  Status write(const Batch& batch, std::stop_token stop) override {
    if (!writer_) {
      schema_ = batch.rows->schema();
      ARROW_ASSIGN_OR_RAISE(writer_,
                            committer_->create_writer(/*lane=*/0, schema_, stop));
    } else if (!batch.rows->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        "a batch came with other columns than the first");
    }
    if (commit_is_due()) {
      if (outcome_ = commit(/*finished=*/false); !outcome_.ok()) {
        finished_ = true;
        forget_if_decided();
        return outcome_;
      }
      begin_epoch();
    }
    record_.num_rows += batch.rows->num_rows();
    return writer_->write(batch, std::move(stop));
  }

  Status finish() override {
    if (std::exchange(finished_, true)) return outcome_;
    if (writer_) outcome_ = commit(/*finished=*/true);
    forget_if_decided();
    return outcome_;
  }

  void abort() noexcept override {
    if (std::exchange(finished_, true)) return;
    outcome_ = make_error(ErrorKind::kCancelled, {}, "the writer was aborted");
    writer_.reset();
    // What stays is invisible.
    (void)committer_->forget();
  }

  int64_t bytes_written() const override {
    return writer_ ? writer_->bytes_written() : 0;
  }

 private:
  using SteadyClock = std::chrono::steady_clock;

  void begin_epoch() {
    ++record_.epoch;
    record_.num_rows = 0;
    begin_ = SteadyClock::now();
  }

  bool commit_is_due() const {
    return pace_ && record_.num_rows > 0 &&
           SteadyClock::now() - begin_ >= pace_->interval;
  }

  // An outcome that is not known leaves its record, for a person to look at.
  void forget_if_decided() {
    if (!outcome_.ok() && kind_of(outcome_) == ErrorKind::kCommitStateUnknown) return;
    const Status forgotten = committer_->forget();
    if (!outcome_.ok()) return;
    outcome_ = annotate(forgotten, "all rows are visible, and the record is not removed");
  }

  Status commit(bool finished) {
    record_.finished = finished;
    ARROW_ASSIGN_OR_RAISE(const CommitToken token, writer_->prepare(record_));
    return committer_->commit(record_, {&token, 1});
  }

  const std::unique_ptr<CommitObserver> observer_;
  const std::unique_ptr<Committer> committer_;
  CommitRecord record_;
  const std::optional<CommitPace> pace_;  // nullopt: one epoch
  SteadyClock::time_point begin_;         // of the epoch
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<EpochWriter> writer_;
  bool finished_ = false;
  Status outcome_;  // of finish(), for those who call it again
};

}  // namespace

Result<Promise> DataSink::promise(std::optional<Guarantee>) {
  const bool exactly = transactions() != nullptr || supports_transactions();
  return Promise{.guarantee =
                     exactly ? Guarantee::kExactlyOnce : Guarantee::kAtLeastOnce};
}

Result<std::unique_ptr<DataWriter>> write_epochs(TransactionalSink& sink,
                                                 const WriteOptions& options) {
  auto observer = std::make_unique<CommitObserver>();
  ARROW_ASSIGN_OR_RAISE(auto committer,
                        sink.create_committer(identity_of_its_own(), *observer));
  ARROW_ASSIGN_OR_RAISE(CommitRecord record, committer->recover({}));
  return std::make_unique<EpochsWriter>(
      std::move(observer), std::move(committer), std::move(record),
      options.all_at_once ? std::nullopt : std::optional(sink.commit_pace()));
}

void DataSink::check(CheckReport& report, std::stop_token) {
  const auto promised = promise(std::nullopt);
  const auto outcome = promised.ok() ? Result<std::string>("there is nothing to reach")
                                     : promised.status();
  (void)report.tried("open it", outcome);
}

Result<SinkPlan> DataSink::plan(const arrow::Schema& schema, const PipelineIdentity&,
                                std::stop_token) {
  ARROW_RETURN_NOT_OK(validate_schema(schema));
  SinkPlan plan;
  for (const auto& field : schema.fields()) {
    plan.columns.push_back({.name = field->name(), .target = field->name()});
  }
  return plan;
}

}  // namespace velo
