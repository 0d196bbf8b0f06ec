#include "velo/sink.h"

#include <utility>

#include "velo/base/random_id.h"

namespace velo {
namespace {

PipelineIdentity identity_of_its_own() {
  return {.id = "run_" + random_id(), .is_run = true};
}

class OneEpochWriter : public DataWriter {
 public:
  OneEpochWriter(std::unique_ptr<CommitObserver> observer,
                 std::unique_ptr<Committer> committer, CommitRecord record)
      : observer_(std::move(observer)),
        committer_(std::move(committer)),
        record_(std::move(record)) {
    ++record_.epoch;
    record_.num_rows = 0;
  }

  ~OneEpochWriter() override { abort(); }

  Status write(const Batch& batch, std::stop_token stop) override {
    if (!writer_) {
      schema_ = batch.rows->schema();
      ARROW_ASSIGN_OR_RAISE(writer_, committer_->create_writer(/*lane=*/0, schema_));
    } else if (!batch.rows->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        "a batch came with other columns than the first");
    }
    record_.num_rows += batch.rows->num_rows();
    return writer_->write(batch, std::move(stop));
  }

  Status finish() override {
    if (std::exchange(finished_, true)) return outcome_;
    outcome_ = commit();
    // An outcome that is not known leaves its record, for a person to look at.
    if (outcome_.ok() || kind_of(outcome_) != ErrorKind::kCommitStateUnknown) {
      const Status forgotten = committer_->forget();
      if (outcome_.ok()) outcome_ = forgotten;
    }
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
  Status commit() {
    if (!writer_) return Status::OK();
    record_.finished = true;
    ARROW_ASSIGN_OR_RAISE(const CommitToken token, writer_->prepare(record_));
    return committer_->commit(record_, {&token, 1});
  }

  const std::unique_ptr<CommitObserver> observer_;
  const std::unique_ptr<Committer> committer_;
  CommitRecord record_;
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

Result<std::unique_ptr<DataWriter>> write_one_epoch(TransactionalSink& sink) {
  auto observer = std::make_unique<CommitObserver>();
  ARROW_ASSIGN_OR_RAISE(auto committer,
                        sink.create_committer(identity_of_its_own(), *observer));
  ARROW_ASSIGN_OR_RAISE(CommitRecord record, committer->recover());
  return std::make_unique<OneEpochWriter>(std::move(observer), std::move(committer),
                                          std::move(record));
}

}  // namespace velo
